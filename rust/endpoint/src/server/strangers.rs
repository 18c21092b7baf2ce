//! Forms whose sender is not known yet.
//!
//! Nobody waits for a place: there are as many as connections. What they take on the disk is
//! limited together, and when it is too much, the largest one of whoever has most is given up. So
//! whoever floods stands in his own way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deckport_accounts::AddressKey;
use tokio::sync::Notify;

/// All forms of strangers.
#[derive(Debug)]
pub(super) struct Strangers {
    most_bytes: u64,
    forms: Mutex<Forms>,
}

#[derive(Debug, Default)]
struct Forms {
    next: u64,
    by_id: HashMap<u64, Form>,
}

#[derive(Debug)]
struct Form {
    address: AddressKey,
    bytes: u64,
    given_up: Arc<Notify>,
}

/// One form, until it is known who sends it.
#[derive(Debug)]
pub(super) struct Stranger {
    strangers: Arc<Strangers>,
    id: u64,
    given_up: Arc<Notify>,
}

impl Strangers {
    /// They may take `most_bytes` together.
    pub(super) fn new(most_bytes: u64) -> Strangers {
        Strangers { most_bytes, forms: Mutex::default() }
    }

    /// A form begins to arrive.
    pub(super) fn welcome(self: &Arc<Strangers>, address: AddressKey) -> Stranger {
        let given_up = Arc::new(Notify::new());
        let mut forms = self.lock();
        let id = forms.next;
        forms.next += 1;
        forms.by_id.insert(id, Form { address, bytes: 0, given_up: Arc::clone(&given_up) });
        Stranger { strangers: Arc::clone(self), id, given_up }
    }

    fn lock(&self) -> MutexGuard<'_, Forms> {
        self.forms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Forms {
    fn bytes(&self) -> u64 {
        self.by_id.values().map(|form| form.bytes).sum()
    }

    /// The largest form of the address that has most; of several the one that came last.
    fn greediest(&self) -> Option<u64> {
        let mut of_address: HashMap<&AddressKey, u64> = HashMap::new();
        for form in self.by_id.values() {
            *of_address.entry(&form.address).or_default() += form.bytes;
        }
        let greed = |form: &Form| (of_address.get(&form.address).copied(), form.bytes);
        self.by_id.iter().max_by_key(|(id, form)| (greed(form), **id)).map(|(id, _)| *id)
    }
}

impl Stranger {
    /// More of it has come. Whether it may go on.
    pub(super) fn grows(&self, bytes: usize) -> bool {
        let mut forms = self.strangers.lock();
        match forms.by_id.get_mut(&self.id) {
            Some(form) => form.bytes += bytes as u64,
            None => return false,
        }
        while forms.bytes() > self.strangers.most_bytes {
            let Some(form) = forms.greediest().and_then(|id| forms.by_id.remove(&id)) else {
                break;
            };
            form.given_up.notify_one();
        }
        forms.by_id.contains_key(&self.id)
    }

    /// Waits until the form is given up for the sake of others.
    pub(super) async fn given_up(&self) {
        self.given_up.notified().await;
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.strangers.lock().by_id.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(last: u8) -> AddressKey {
        AddressKey::Address([10, 0, 0, last].into())
    }

    #[tokio::test]
    async fn whoever_floods_stands_in_his_own_way() {
        let strangers = Arc::new(Strangers::new(1000));
        let innocent = strangers.welcome(from(1));
        assert!(innocent.grows(400));
        let flood: Vec<_> = (0..10).map(|_| strangers.welcome(from(2))).collect();
        let stays = flood.iter().filter(|form| form.grows(150)).count();
        assert_eq!(stays, 4);
        assert!(innocent.grows(50), "the innocent one goes on");
        for form in &flood[4..] {
            form.given_up().await;
            assert!(!form.grows(1));
        }
    }

    #[test]
    fn what_is_over_counts_no_more() {
        let strangers = Arc::new(Strangers::new(1000));
        for _ in 0..10 {
            assert!(strangers.welcome(from(1)).grows(900));
        }
        assert!(!strangers.welcome(from(1)).grows(1001));
    }
}
