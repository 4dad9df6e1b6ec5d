//! Work on what a stream gives: some at once, within a number of bytes.

use std::task::{Context, Poll};

use futures::{
    FutureExt, Stream, StreamExt,
    future::{LocalBoxFuture, poll_fn},
    stream::FuturesOrdered,
};

/// Work on the items of a stream. An item is taken while fewer are worked on than may be, and while
/// those weigh less than they may: one is worked on whatever it weighs. What is done comes in the order
/// of the items.
pub struct UnderWay<'a, S, T> {
    /// Nothing where it has ended, or no more is wanted of it.
    source: Option<S>,
    futures: FuturesOrdered<LocalBoxFuture<'a, (u64, T)>>,
    weight: u64,
    most: Most,
}

/// How much may be under way.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    /// Items.
    pub count: usize,
    /// Bytes of them.
    pub weight: u64,
}

impl<'a, S: Stream + Unpin, T> UnderWay<'a, S, T> {
    /// The items of `source`.
    pub fn new(source: S, most: Most) -> Self {
        Self {
            source: Some(source),
            futures: FuturesOrdered::new(),
            weight: 0,
            most,
        }
    }

    /// What `work` made of the next item, which says what each weighs; nothing at the end.
    pub async fn next<F>(&mut self, mut work: impl FnMut(S::Item) -> (u64, F)) -> Option<T>
    where
        F: Future<Output = T> + 'a,
    {
        poll_fn(|context| self.poll_next(context, &mut work)).await
    }

    /// Takes no more items: what is under way is done, and nothing else.
    pub fn stop(&mut self) {
        self.source = None;
    }

    fn poll_next<F>(
        &mut self,
        context: &mut Context<'_>,
        work: &mut impl FnMut(S::Item) -> (u64, F),
    ) -> Poll<Option<T>>
    where
        F: Future<Output = T> + 'a,
    {
        while self.has_room()
            && let Some(source) = &mut self.source
        {
            match source.poll_next_unpin(context) {
                Poll::Ready(Some(item)) => {
                    let (weight, future) = work(item);
                    self.weight = self.weight.saturating_add(weight);
                    let future = future.map(move |done| (weight, done));
                    self.futures.push_back(future.boxed_local());
                }
                Poll::Ready(None) => self.source = None,
                Poll::Pending => break,
            }
        }
        match self.futures.poll_next_unpin(context) {
            Poll::Ready(Some((weight, done))) => {
                self.weight = self.weight.saturating_sub(weight);
                Poll::Ready(Some(done))
            }
            Poll::Ready(None) if self.source.is_none() => Poll::Ready(None),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    fn has_room(&self) -> bool {
        let few = self.futures.len() < self.most.count && self.weight < self.most.weight;
        few || self.futures.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures::{executor::block_on, pending, stream};

    use super::*;

    /// Works on items of these weights; how many of them, and the most that was under way at once.
    fn run(weights: &[u64], most: Most, stop_at: Option<usize>) -> (Vec<usize>, usize, u64) {
        let under_way = Cell::new((0, 0));
        let peak = Cell::new((0, 0));
        let (now, peak) = (&under_way, &peak);
        let items = stream::iter(weights.iter().copied().enumerate());
        let mut work = UnderWay::new(items, most);
        let mut done = Vec::new();
        block_on(async {
            loop {
                let next = work.next(|(item, weight)| {
                    let (count, weights) = now.get();
                    now.set((count + 1, weights + weight));
                    peak.set((
                        peak.get().0.max(count + 1),
                        peak.get().1.max(weights + weight),
                    ));
                    let work = async move {
                        for _ in 0..3 {
                            let mut again = true;
                            poll_fn(|context| {
                                context.waker().wake_by_ref();
                                if std::mem::take(&mut again) {
                                    Poll::Pending
                                } else {
                                    Poll::Ready(())
                                }
                            })
                            .await;
                        }
                        let (count, weights) = now.get();
                        now.set((count - 1, weights - weight));
                        item
                    };
                    (weight, work)
                });
                match next.await {
                    Some(item) => done.push(item),
                    None => break,
                }
                if stop_at == Some(done.len()) {
                    work.stop();
                }
            }
        });
        (done, peak.get().0, peak.get().1)
    }

    #[test]
    fn what_is_under_way_is_bounded() {
        let most = Most {
            count: 4,
            weight: 100,
        };
        let all: Vec<usize> = (0..50).collect();
        assert_eq!(run(&[1; 50], most, None), (all.clone(), 4, 4));
        // The last one taken may go beyond.
        assert_eq!(run(&[60; 50], most, None), (all.clone(), 2, 120));
        assert_eq!(run(&[1000; 50], most, None), (all, 1, 1000));
        let none = Most {
            count: 0,
            weight: 0,
        };
        assert_eq!(run(&[5; 3], none, None), (vec![0, 1, 2], 1, 5));
    }

    #[test]
    fn what_is_under_way_is_done_where_no_more_is_taken() {
        let most = Most {
            count: 4,
            weight: 100,
        };
        let (done, _, _) = run(&[1; 50], most, Some(1));
        assert_eq!(done, [0, 1, 2, 3]);
    }

    #[test]
    fn a_source_that_is_late_is_waited_for() {
        let mut late = Box::pin(stream::once(async {
            let mut first = true;
            while std::mem::take(&mut first) {
                pending!();
            }
            7
        }));
        let mut context = Context::from_waker(std::task::Waker::noop());
        let most = Most {
            count: 1,
            weight: 1,
        };
        let mut work = UnderWay::new(&mut late, most);
        let mut of = |item| (1, async move { item });
        assert!(work.poll_next(&mut context, &mut of).is_pending());
        assert_eq!(work.poll_next(&mut context, &mut of), Poll::Ready(Some(7)));
        assert_eq!(work.poll_next(&mut context, &mut of), Poll::Ready(None));
    }
}
