//! How many sessions each user has. A session counts from its login to its end, whichever side serves it, and under
//! another name after COM_CHANGE_USER.

use std::sync::Arc;

use dashmap::DashMap;

/// Sessions by user.
#[derive(Debug, Default)]
pub(super) struct Users {
    counts: DashMap<Box<str>, usize>,
}

/// A session's place among those of its user; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    users: Arc<Users>,
    user: Box<str>,
}

impl Users {
    /// A place for one more session of `user`, unless it has `most` already.
    pub(super) fn take(users: &Arc<Self>, user: &str, most: usize) -> Option<Place> {
        if most == 0 {
            return None;
        }
        let mut count = users.counts.entry(user.into()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { users: Arc::clone(users), user: user.into() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.users.counts.remove_if_mut(&self.user, |_, count| {
            *count -= 1;
            *count == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back_and_nobody_is_remembered() {
        let users = Arc::new(Users::default());
        let first = Users::take(&users, "app", 2).expect("a place");
        let second = Users::take(&users, "app", 2).expect("a place");
        assert!(Users::take(&users, "app", 2).is_none());
        let other = Users::take(&users, "App", 2).expect("another user: names have case");
        drop(second);
        let third = Users::take(&users, "app", 2).expect("a place again");
        drop((first, third, other));
        assert!(Users::take(&users, "none", 0).is_none());
        assert_eq!(users.counts.len(), 0);
    }
}
