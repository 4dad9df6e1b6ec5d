//! Servers that fail: now and then, in the middle of an answer, or on purpose.

use std::{fs, process::Command, time::Instant};

use futures::future::try_join_all;
use stacchip_chip::AssetOpener;
use stacchip_cog::ReadErrorKind;

use crate::{
    content, objects,
    program::{Server, free_port, program},
    read, refusal, wait,
    web::{Nginx, has_lua},
};

/// Locations whose first answers are wrong in one way each. `n` counts the requests for an address.
const FLAKY: &str = r#"
    location /cut/ { alias WWW/;
        access_by_lua_block { ngx.ctx.n = ngx.shared.tries:incr(ngx.var.uri, 1, 0) }
        body_filter_by_lua_block { if (ngx.ctx.n or 9) <= 2 then return ngx.ERROR end } }
    location /wrong/ { alias WWW/;
        access_by_lua_block { ngx.ctx.n = ngx.shared.tries:incr(ngx.var.uri, 1, 0) }
        header_filter_by_lua_block { if (ngx.ctx.n or 9) <= 1 then ngx.header["Content-Range"] = "bytes 40-59/1600000" end } }
    location /padded/ { alias WWW/;
        access_by_lua_block { if ngx.shared.tries:incr(ngx.var.uri, 1, 0) == 1 then ngx.exec("@padded") end } }
    location @padded { content_by_lua_block {
        ngx.status = 206; ngx.header["Content-Range"] = "bytes 20-39/1600000"; ngx.print(string.rep("x", 24)) } }
    location /stall/ { alias WWW/;
        access_by_lua_block { if ngx.shared.tries:incr(ngx.var.uri, 1, 0) == 1 then ngx.exec("@stall") end } }
    location @stall { content_by_lua_block {
        ngx.status = 206; ngx.header["Content-Range"] = "bytes 20-39/1600000"; ngx.header["Content-Length"] = 20
        ngx.print("0123"); ngx.flush(true); ngx.sleep(20) } }
    location /silent/ { alias WWW/;
        access_by_lua_block { if ngx.shared.tries:incr(ngx.var.uri, 1, 0) == 1 then ngx.sleep(20) end } }
    location /drop/ { alias WWW/;
        access_by_lua_block { if ngx.shared.tries:incr(ngx.var.uri, 1, 0) <= 2 then ngx.exit(444) end } }
    location /failing/ { alias WWW/;
        access_by_lua_block { if ngx.shared.tries:incr(ngx.var.uri, 1, 0) <= 2 then ngx.exit(500) end } }
    location /busy/ { alias WWW/;
        access_by_lua_block { if ngx.shared.tries:incr(ngx.var.uri, 1, 0) <= 1 then
            ngx.header["Retry-After"] = "1"; ngx.exit(429) end } }
    location /always/ { return 503; }
    location /later/ { add_header Retry-After 3600 always; return 503; }
"#;

#[test]
fn what_fails_in_passing_is_asked_for_again() {
    if !has_lua() {
        return;
    }
    let Some(nginx) = Nginx::start(FLAKY) else {
        return;
    };
    for (path, requests) in [
        ("cut", 3),
        ("wrong", 2),
        ("padded", 2),
        ("stall", 2),
        ("silent", 2),
        ("drop", 3),
        ("failing", 3),
        ("busy", 2),
    ] {
        // Only where that is what is tried is silence noticed: machines may be slow.
        let timeout = match path {
            "stall" | "silent" => "3s",
            _ => "30s",
        };
        let objects = objects(&[("timeout", timeout)]);
        let began = Instant::now();
        let bytes = wait(read(&objects, &nginx.at(&format!("{path}/a.bin")), 20, 40));
        assert_eq!(bytes.unwrap(), content()[20..40], "{path}");
        let traffic = objects.traffic();
        assert_eq!(
            (traffic.requests, traffic.retries),
            (requests, requests - 1),
            "{path}"
        );
        if path == "busy" {
            assert!(began.elapsed().as_secs_f64() >= 1.0, "it asked to wait");
        }
    }
}

#[test]
fn what_does_not_pass_is_named() {
    let Some(nginx) = Nginx::start(
        "location /always/ { return 503; } location /later/ { add_header Retry-After 3600 always; return 503; }",
    ) else {
        return;
    };
    let hasty = || objects(&[("deadline", "3s")]);
    let error = refusal(&hasty(), &nginx.at("always/a.bin?sig=secret"));
    let text = error.to_string();
    assert_eq!(error.kind, ReadErrorKind::Transient);
    assert_eq!(error.range, Some(20..40));
    assert!(
        text.contains("always/a.bin") && text.contains("503") && text.contains("tries"),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
    let tried = nginx.seen().len();
    assert!((2..8).contains(&tried), "{tried}");

    // Nobody waits an hour: what the server asks for is said instead.
    let text = refusal(&hasty(), &nginx.at("later/a.bin")).to_string();
    assert!(text.contains("3600 s"), "{text}");
    assert_eq!(nginx.seen().len(), tried + 1);
}

#[test]
fn a_straggler_is_asked_for_again_where_one_wants_that() {
    if !has_lua() {
        return;
    }
    let Some(nginx) = Nginx::start(FLAKY) else {
        return;
    };
    let hedging = objects(&[("hedge", "true"), ("timeout", "15s")]);
    let bytes = wait(read(&hedging, &nginx.at("silent/a.bin"), 20, 40)).unwrap();
    assert_eq!(bytes, content()[20..40]);
    let traffic = hedging.traffic();
    assert_eq!(
        (traffic.requests, traffic.retries, traffic.hedges),
        (2, 0, 1)
    );
}

/// A proxy before `nginx` that delays every request by 30 ms, and does what `more` says with it.
pub fn bad_link(nginx: &Nginx, more: &str) -> Option<Server> {
    let haproxy = program("haproxy")?;
    let folder = tempfile::tempdir().unwrap();
    let (port, at) = (free_port(), folder.path());
    let lua = r#"core.register_action("late", {"http-req"}, function(txn, ms) core.msleep(tonumber(ms)) end, 1)"#;
    fs::write(at.join("late.lua"), lua).unwrap();
    let configuration = format!(
        "global\n  lua-load {0}/late.lua\n  maxconn 500\n\
         defaults\n  mode http\n  timeout connect 5s\n  timeout client 20s\n  timeout server 20s\n\
         frontend bad\n  bind 127.0.0.1:{port}\n  http-request lua.late 30\n{more}\
         \x20 default_backend good\n\
         backend good\n  server nginx 127.0.0.1:{1}\n",
        at.display(),
        nginx.server.port,
    );
    fs::write(at.join("haproxy.cfg"), configuration).unwrap();
    let mut command = Command::new(haproxy);
    command.arg("-db").arg("-f").arg(at.join("haproxy.cfg"));
    Some(Server::start(port, folder, &mut command))
}

/// Through a proxy that delays every request and spoils a fifth of them.
#[test]
fn many_reads_through_a_bad_link_are_all_right() {
    let Some(nginx) = Nginx::start("") else {
        return;
    };
    let spoiled = "  http-request return status 503 content-type text/plain string slow hdr Retry-After 0 if { rand(100) lt 10 }
  http-request reject if { rand(100) lt 9 }
  http-request silent-drop if { rand(100) lt 1 }\n";
    let Some(server) = bad_link(&nginx, spoiled) else {
        return;
    };
    let objects = objects(&[("timeout", "1s")]);
    let all = content();
    wait(async {
        let reads = (0..300u64).map(|n| {
            let address = format!("{}/a.bin?{n}", server.root());
            let (objects, all) = (&objects, &all);
            async move {
                let reader = objects.open(&address).await?;
                let ranges = [n..n + 2000, 300_000 + n * 100..350_000 + n * 100];
                let answers = reader.read(&ranges).await?;
                for (range, answer) in ranges.iter().zip(answers) {
                    let at = |n: u64| usize::try_from(n).unwrap();
                    assert_eq!(answer, all[at(range.start)..at(range.end)], "{range:?}");
                }
                Ok::<_, stacchip_cog::ReadError>(())
            }
        });
        try_join_all(reads).await.unwrap();
    });
    let traffic = objects.traffic();
    assert!(traffic.retries > 30, "{traffic:?}");
    // As slow as the link is, two ranges may have been worth one request.
    let asked = traffic.requests - traffic.retries;
    assert!((300..=600).contains(&asked), "{traffic:?}");
}
