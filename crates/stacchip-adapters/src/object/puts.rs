//! What is written to the stores, and taken away there.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use object_store::{ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use stacchip::{WriteError, WriteErrorKind};
use stacchip_cog::ReadErrorKind;

use super::{
    attempt::{Again, Miss},
    speaker::{Note, noted},
    standing::{Replaces, Standing},
    store::Place,
};

impl Place {
    /// Stores `bytes`, in place of what they may take the place of.
    ///
    /// Where no answer came, or one that says nothing, they may have been stored after all, and the next try
    /// finds them: what stands there is then another's only if it differs.
    pub(super) async fn put(&self, bytes: Bytes, replaces: Replaces<'_>) -> Result<(), WriteError> {
        let mode = match replaces {
            Replaces::Nothing => PutMode::Create,
            Replaces::Anything => PutMode::Overwrite,
            Replaces::Only(standing) => PutMode::Update(self.numbered(standing).await?),
        };
        let may_be_there = AtomicBool::new(false);
        let put = async || {
            let options = PutOptions {
                mode: mode.clone(),
                ..PutOptions::default()
            };
            let payload = bytes.clone().into();
            let (put, note) = noted(self.store.put_opts(&self.key, payload, options)).await;
            let Err(error) = put else { return Ok(()) };
            if is_uncertain(&note) {
                may_be_there.store(true, Ordering::Relaxed);
            }
            let miss = self.write_miss(&error, note, replaces);
            let kind = miss.error.kind;
            let others = matches!(kind, WriteErrorKind::Exists | WriteErrorKind::Changed);
            if others && may_be_there.load(Ordering::Relaxed) {
                return self.stands_there(&bytes, kind).await;
            }
            Err(miss)
        };
        self.lane
            .patiently(&self.address, bytes.len() as u64, &|| Box::pin(put()))
            .await
    }

    /// The version of `standing` as the store wants it said. Google's is told by a number that its lists leave out.
    async fn numbered(&self, standing: &Standing) -> Result<UpdateVersion, WriteError> {
        let known = standing.update();
        if known.version.is_some() || !self.bucket.starts_with("gs://") {
            return Ok(known);
        }
        let now = self.standing().await;
        let now = now.map_err(|error| self.to_write(Miss::new(error, Again::Never)).error)?;
        if standing.version.is_confirmed_by(&now.version) {
            Ok(now.update())
        } else {
            Err(WriteError::new(WriteErrorKind::Changed, &self.address))
        }
    }

    /// Removes the object; none there is as well.
    pub(super) async fn remove(&self) -> Result<(), WriteError> {
        let remove = async || {
            let (gone, note) = noted(self.store.delete(&self.key)).await;
            match gone {
                Ok(()) => Ok(()),
                Err(object_store::Error::NotFound { .. }) if !note.credentials => Ok(()),
                Err(error) => Err(self.to_write(self.miss(&error, note))),
            }
        };
        self.lane
            .patiently(&self.address, 0, &|| Box::pin(remove()))
            .await
    }

    /// That `bytes` is what stands there; else it is another's, which is a failure of `kind`.
    async fn stands_there(
        &self,
        bytes: &Bytes,
        kind: WriteErrorKind,
    ) -> Result<(), Miss<WriteError>> {
        let others = || {
            let error = WriteError::new(kind, &self.address);
            Err(Miss::new(error, Again::Never))
        };
        let once_more = self.lane.once_more(&self.address);
        once_more.await.map_err(|miss| self.to_write(miss))?;
        let (head, note) = noted(self.store.head(&self.key)).await;
        let size = match head {
            Ok(meta) => meta.size,
            Err(error) => return Err(self.to_write(self.miss(&error, note))),
        };
        if size != bytes.len() as u64 {
            return others();
        }
        let once_more = self.lane.once_more(&self.address);
        once_more.await.map_err(|miss| self.to_write(miss))?;
        let there = self.all(size).await.map_err(|miss| self.to_write(miss))?;
        if there.bytes == *bytes {
            Ok(())
        } else {
            others()
        }
    }

    fn write_miss(
        &self,
        error: &object_store::Error,
        note: Note,
        replaces: Replaces<'_>,
    ) -> Miss<WriteError> {
        use object_store::Error as E;
        let others = match replaces {
            Replaces::Nothing => Some(WriteErrorKind::Exists),
            Replaces::Only(_) => Some(WriteErrorKind::Changed),
            Replaces::Anything => None,
        };
        let there = matches!(error, E::AlreadyExists { .. } | E::Precondition { .. });
        if let Some(kind) = others.filter(|_| there && !note.credentials) {
            return Miss::new(WriteError::new(kind, &self.address), Again::Never);
        }
        // Two who write at once may both be told to come again.
        let conflict = note
            .refusal
            .as_ref()
            .is_some_and(|r| r.status.as_u16() == 409);
        let mut miss = self.to_write(self.miss(error, note));
        if conflict && others.is_some() {
            miss.again = Again::Few;
        }
        miss
    }

    pub(super) fn to_write(&self, miss: Miss) -> Miss<WriteError> {
        let kind = match miss.error.kind {
            ReadErrorKind::NotFound => WriteErrorKind::NotFound,
            ReadErrorKind::Denied => WriteErrorKind::Denied,
            ReadErrorKind::Unsupported => WriteErrorKind::Unsupported,
            ReadErrorKind::Transient => WriteErrorKind::Transient,
            _ => WriteErrorKind::Other,
        };
        let mut written = WriteError::new(kind, &self.address);
        written.cause = miss.error.cause;
        Miss::new(written, miss.again).with_wait(miss.wait)
    }
}

/// Whether something may have been written though it was not said so. A server that has no time (503) has done
/// nothing.
pub(super) fn is_uncertain(note: &Note) -> bool {
    let failed = note.refusal.as_ref().map(|r| r.status.as_u16());
    let unheard = note.broken && !note.unreached || matches!(failed, Some(500 | 502 | 504..));
    !note.credentials && unheard
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Read, Write},
        net::{TcpListener, TcpStream},
        sync::{Arc, Mutex},
        time::Duration,
    };

    use stacchip::ObjectSink;

    use super::*;
    use crate::object::{ObjectOptions, Objects};

    /// What a bucket of one object holds, and which answers are still to be withheld from those who write.
    #[derive(Debug, Default)]
    struct Bucket {
        object: Option<Vec<u8>>,
        unheard: Vec<&'static str>,
        /// Whether what is not answered is done.
        done: bool,
        puts: usize,
    }

    fn serve(bucket: &Arc<Mutex<Bucket>>) -> Objects {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let bucket = Arc::clone(bucket);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let bucket = Arc::clone(&bucket);
                std::thread::spawn(move || while answer(&stream, &bucket).is_some() {});
            }
        });
        let mut options = ObjectOptions {
            environment: false,
            ..ObjectOptions::default()
        };
        options.transport.deadline = Duration::from_mins(1);
        for (key, value) in [
            ("aws_endpoint_url", endpoint.as_str()),
            ("aws_region", "us-west-2"),
            ("aws_access_key_id", "A"),
            ("aws_secret_access_key", "B"),
        ] {
            options.set(key, value).unwrap();
        }
        Objects::new(options)
    }

    /// Answers one request; nothing where the connection is to end.
    fn answer(mut stream: &TcpStream, bucket: &Mutex<Bucket>) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            match line.trim_end() {
                "" if head.is_empty() => return None,
                "" => break,
                line => head.push(line.to_ascii_lowercase()),
            }
        }
        let header = |name: &str| head.iter().find_map(|line| line.strip_prefix(name));
        let length = header("content-length:").map_or(0, |n| n.trim().parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let mut bucket = bucket.lock().unwrap();
        let mut content = Vec::new();
        let is_put = head[0].starts_with("put ");
        let mut status = "200 OK";
        if is_put {
            bucket.puts += 1;
            let unheard = bucket.unheard.pop();
            if bucket.object.is_some() && header("if-none-match:").is_some() {
                status = "412 Precondition Failed";
            } else if unheard.is_none() || bucket.done {
                bucket.object = Some(body);
            }
            match unheard {
                Some("") => return None,
                Some(unheard) => status = unheard,
                None => {}
            }
        } else if let Some(object) = &bucket.object {
            content.clone_from(object);
        } else {
            status = "404 Not Found";
        }
        let length = content.len();
        let said = format!(
            "HTTP/1.1 {status}\r\netag: \"v\"\r\nlast-modified: Sat, 21 Nov 2026 00:00:00 GMT\r\n\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all(said.as_bytes()).ok()?;
        if !head[0].starts_with("head ") {
            stream.write_all(&content).ok()?;
        }
        Some(())
    }

    fn wait<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(work)
    }

    /// Who writes only what is not there yet, and is not told whether it was written, finds out.
    #[test]
    fn a_write_of_which_nothing_is_heard_is_told_from_anothers() {
        for unheard in ["500 Internal Server Error", "504 Gateway Timeout", ""] {
            for done in [true, false] {
                let bucket = Arc::new(Mutex::new(Bucket {
                    unheard: vec![unheard],
                    done,
                    ..Bucket::default()
                }));
                let objects = serve(&bucket);
                let put = wait(objects.put("s3://box/a.bin", "mine".into(), false));
                assert!(put.is_ok(), "{unheard} {done}: {put:?}");
                let bucket = bucket.lock().unwrap();
                assert_eq!(bucket.object.as_deref(), Some(&b"mine"[..]));
                assert_eq!(bucket.puts, 2);
            }
        }
        // Another was faster, with as many bytes and with more.
        for others in ["hers", "another's"] {
            let bucket = Arc::new(Mutex::new(Bucket {
                object: Some(others.into()),
                unheard: vec!["500 Internal Server Error"],
                ..Bucket::default()
            }));
            let objects = serve(&bucket);
            let put = objects.put("s3://box/a.bin", "mine".into(), false);
            let error = wait(put).unwrap_err();
            assert_eq!(error.kind, WriteErrorKind::Exists, "{error}");
            let bucket = bucket.lock().unwrap();
            assert_eq!(bucket.object.as_deref(), Some(others.as_bytes()));
        }
        // Where nothing was unheard, what stands there is another's, whatever it is.
        let bucket = Arc::new(Mutex::new(Bucket {
            object: Some("mine".into()),
            ..Bucket::default()
        }));
        let objects = serve(&bucket);
        let put = objects.put("s3://box/a.bin", "mine".into(), false);
        let error = wait(put).unwrap_err();
        assert_eq!(error.kind, WriteErrorKind::Exists, "{error}");
    }
}
