//! Whether what a consumer was told fits a list of patterns.

use serde_json::Value;

use crate::pattern::{Bound, Names, fits};

/// One item of `exactly` or `in_order`.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    One(Value),
    Optional(Value),
    AnyNumberOf(Value),
}

/// Where the events stopped to fit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// How many events fit, at best.
    pub(crate) events: usize,
    /// How many items were used up by then.
    pub(crate) items: usize,
}

/// Whether there is a way to fit all events to all items.
pub(crate) fn fit(items: &[Item], events: &[Value], names: &Names) -> Result<(), Misfit> {
    let mut best = Misfit { events: 0, items: 0 };
    let search = Search { items, events, names };
    if search.from(0, 0, &Bound::new(), &mut best) { Ok(()) } else { Err(best) }
}

/// The same items with anything in between.
pub(crate) fn in_order(items: Vec<Item>) -> Vec<Item> {
    let anything = || Item::AnyNumberOf(Value::Object(serde_json::Map::new()));
    let mut wide = vec![anything()];
    for item in items {
        wide.extend([item, anything()]);
    }
    wide
}

struct Search<'a> {
    items: &'a [Item],
    events: &'a [Value],
    names: &'a Names,
}

impl Search<'_> {
    fn from(&self, item: usize, event: usize, bound: &Bound, best: &mut Misfit) -> bool {
        if (event, item) > (best.events, best.items) {
            *best = Misfit { events: event, items: item };
        }
        let Some(wanted) = self.items.get(item) else { return event == self.events.len() };
        let takes = |pattern: &Value| {
            let mut bound = bound.clone();
            let next = self.events.get(event)?;
            fits(pattern, next, self.names, &mut bound).then_some(bound)
        };
        match wanted {
            Item::One(pattern) => {
                takes(pattern).is_some_and(|bound| self.from(item + 1, event + 1, &bound, best))
            }
            Item::Optional(pattern) => {
                takes(pattern).is_some_and(|bound| self.from(item + 1, event + 1, &bound, best))
                    || self.from(item + 1, event, bound, best)
            }
            Item::AnyNumberOf(pattern) => {
                self.from(item + 1, event, bound, best)
                    || takes(pattern).is_some_and(|bound| self.from(item, event + 1, &bound, best))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(pattern: Value) -> Item {
        Item::One(pattern)
    }

    fn does_fit(items: &[Item], events: &[Value]) -> bool {
        fit(items, events, &Names::default()).is_ok()
    }

    #[test]
    fn a_list_fits_if_there_is_any_way_to_fit_it() {
        let items = [
            Item::Optional(json!({"e": 1})),
            Item::AnyNumberOf(json!({})),
            one(json!({"e": 1})),
            one(json!({"e": 2})),
        ];
        let events = |kinds: &[u8]| kinds.iter().map(|kind| json!({"e": kind})).collect::<Vec<_>>();
        for good in [&[1, 2][..], &[1, 1, 2], &[1, 2, 1, 2], &[3, 1, 2]] {
            assert!(does_fit(&items, &events(good)), "{good:?}");
        }
        for bad in [&[][..], &[2], &[1, 2, 3], &[1, 3, 2]] {
            assert!(!does_fit(&items, &events(bad)), "{bad:?}");
        }
    }

    #[test]
    fn in_order_allows_others_in_between() {
        let items = in_order(vec![one(json!({"e": 1})), one(json!({"e": 2}))]);
        let events = [json!({"e": 0}), json!({"e": 1}), json!({"e": 0}), json!({"e": 2})];
        assert!(does_fit(&items, &events));
        assert!(!does_fit(&items, &events[..3]));
    }

    #[test]
    fn the_best_try_is_reported() {
        let items = [one(json!({"e": 1})), one(json!({"e": 2}))];
        let events = [json!({"e": 1}), json!({"e": 3})];
        let misfit = fit(&items, &events, &Names::default()).unwrap_err();
        assert_eq!(misfit, Misfit { events: 1, items: 1 });
    }
}
