//! What a pool has, who holds which part of it, and until when. No call is sent here, and nothing waits.

use std::fmt;

use bytes::Bytes;

use super::PoolTerms;
use crate::journal::{Made, Part};

/// What can stand for one another: things of one kind, one nature and one owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) kind: String,
    pub(super) nature: Option<String>,
    /// The name of the identity that owns them; none means the target's first.
    pub(super) owner: Option<String>,
}

impl fmt::Display for Class {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(nature) = &self.nature {
            write!(formatter, "{nature} ")?;
        }
        formatter.write_str(&self.kind)?;
        self.owner.as_ref().map_or(Ok(()), |owner| write!(formatter, " of {owner}"))
    }
}

/// What somebody asks for.
pub(super) struct Ask<'a> {
    pub(super) class: Class,
    /// The number of the case: it never gets one thing in two roles.
    pub(super) case: u64,
    /// Whether parts can be told apart; otherwise a thing is lent as a whole and made anew for everybody.
    pub(super) in_parts: bool,
    /// What the names of this run start with.
    pub(super) marker: &'a str,
    /// The prefix that the case has already: it has one everywhere.
    pub(super) prefix: Option<&'a str>,
    /// The name of a thing that is made under a number; none where the API cannot make such a thing.
    pub(super) name: &'a dyn Fn(u64) -> Option<Bytes>,
    pub(super) now_ms: i64,
}

/// What somebody got.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) class: Class,
    pub(super) name: Bytes,
    pub(super) token: u64,
    pub(super) prefix: Option<String>,
    pub(super) expires_ms: i64,
    /// Whether it is the platform team's.
    pub(super) standing: bool,
}

impl Grant {
    /// The whole, for whoever removes it.
    pub(super) fn made(&self) -> Made {
        Made { kind: self.class.kind.clone(), name: self.name.clone(), actor: self.class.owner.clone() }
    }

    /// The part that was lent; none where it is the whole.
    pub(super) fn part(&self) -> Option<Part> {
        let Made { kind, name, actor } = self.made();
        let prefix = Bytes::copy_from_slice(self.prefix.as_ref()?.as_bytes());
        Some(Part { kind, name, prefix, actor, token: self.token, expires_ms: self.expires_ms })
    }
}

/// What becomes of an ask.
#[derive(Debug)]
pub(super) enum Taken {
    /// Here it is.
    Lent(Grant),
    /// It has to be made first; nobody else gets its place.
    Make(Grant),
    /// Everything is lent; a lease may end by itself in so many milliseconds.
    Wait(Option<i64>),
    /// Waiting does not help.
    Never(Never),
}

/// What ended by itself.
pub(super) struct Expired {
    /// Whether any lease did.
    pub(super) any: bool,
    /// The parts of standing things.
    pub(super) parts: Vec<Part>,
}

/// Why waiting does not help.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Never {
    /// Nothing of the class is there, and the API makes none.
    Unknown,
    /// The case itself holds all there is.
    HoldsAll,
    /// Too many were taken out of lending.
    Retired(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Making,
    Ready,
    /// Not lent any more: somebody may still write into it, or it could not be emptied.
    Retired,
}

#[derive(Debug)]
struct Thing {
    class: Class,
    name: Bytes,
    standing: bool,
    state: State,
    held: Vec<(u64, Grant)>,
}

/// What a pool has.
#[derive(Debug, Default)]
pub(super) struct Stock {
    things: Vec<Thing>,
    last_token: u64,
    /// Parts of standing things that may hold something nobody will give back.
    unclean: Vec<Part>,
}

impl Stock {
    pub(super) fn put(&mut self, class: Class, name: Bytes) {
        self.things.push(Thing { class, name, standing: true, state: State::Ready, held: Vec::new() });
    }

    /// Lends, or says what has to be done first.
    pub(super) fn take(&mut self, ask: &Ask<'_>, terms: &PoolTerms) -> Taken {
        let has_standing = self.of(&ask.class).any(|thing| thing.standing);
        let free = |thing: &&mut Thing| {
            thing.class == ask.class
                && thing.state == State::Ready
                && thing.held.len() < if ask.in_parts { terms.parts_max } else { 1 }
                && !thing.is_held_by(ask.case)
        };
        let token = self.last_token + 1;
        if let Some(thing) = self.things.iter_mut().filter(free).min_by_key(|thing| thing.held.len()) {
            let grant = thing.grant(ask, token, terms);
            self.last_token = token;
            return Taken::Lent(grant);
        }
        let live: Vec<&Thing> = self.of(&ask.class).filter(|thing| thing.state != State::Retired).collect();
        let retired = self.of(&ask.class).count() - live.len();
        // One that is being made has room for many, so that a crowd makes no more than it needs.
        let is_coming = |thing: &&Thing| thing.state == State::Making && !thing.is_held_by(ask.case);
        let waits_for_it = ask.in_parts && terms.parts_max > 1 && live.iter().any(is_coming);
        let holds_all = live.iter().all(|thing| thing.is_held_by(ask.case));
        let may_make = !has_standing && live.len() < terms.per_class_max;
        match (ask.name)(token).filter(|_| !has_standing) {
            Some(name) if may_make && retired < terms.retired_max && !waits_for_it => {
                let class = ask.class.clone();
                let mut thing = Thing { class, name, standing: false, state: State::Making, held: Vec::new() };
                let grant = thing.grant(ask, token, terms);
                self.last_token = token;
                self.things.push(thing);
                Taken::Make(grant)
            }
            None if live.is_empty() && retired == 0 => Taken::Never(Never::Unknown),
            _ if live.is_empty() => Taken::Never(Never::Retired(retired)),
            _ if holds_all => Taken::Never(Never::HoldsAll),
            _ => {
                let ends = live.iter().flat_map(|thing| &thing.held).map(|(_, grant)| grant.expires_ms - ask.now_ms);
                Taken::Wait(ends.min())
            }
        }
    }

    fn of(&self, class: &Class) -> impl Iterator<Item = &Thing> {
        self.things.iter().filter(move |thing| thing.class == *class)
    }

    fn at(&mut self, grant: &Grant) -> Option<&mut Thing> {
        self.things.iter_mut().find(|thing| thing.class == grant.class && thing.name == grant.name)
    }

    /// What was being made is there.
    pub(super) fn settle(&mut self, grant: &Grant) {
        if let Some(thing) = self.at(grant) {
            thing.state = State::Ready;
        }
    }

    /// It is gone, or never came to be.
    pub(super) fn forget(&mut self, grant: &Grant) {
        self.things.retain(|thing| thing.standing || thing.class != grant.class || thing.name != grant.name);
    }

    /// It is lent to nobody any more; who has a part keeps it.
    pub(super) fn retire(&mut self, grant: &Grant) {
        if let Some(thing) = self.at(grant) {
            thing.state = State::Retired;
        }
    }

    /// A part of a standing thing that could not be emptied.
    pub(super) fn note_unclean(&mut self, part: Part) {
        if !self.unclean.contains(&part) {
            self.unclean.push(part);
        }
    }

    /// A part that was emptied after all.
    pub(super) fn note_clean(&mut self, part: &Part) {
        self.unclean.retain(|own| own != part);
    }

    /// Ends a lease; whether it was still in force.
    pub(super) fn end(&mut self, grant: &Grant) -> bool {
        let Some(thing) = self.at(grant) else { return false };
        let before = thing.held.len();
        thing.held.retain(|(_, own)| own.token != grant.token);
        thing.held.len() < before
    }

    /// Whether a lease is in force.
    pub(super) fn is_held(&self, grant: &Grant) -> bool {
        let own = self.of(&grant.class).find(|thing| thing.name == grant.name);
        own.is_some_and(|thing| thing.held.iter().any(|(_, own)| own.token == grant.token))
    }

    /// Ends every lease whose time is over, and retires what it was on.
    pub(super) fn expire(&mut self, now_ms: i64) -> Expired {
        let mut expired = Expired { any: false, parts: Vec::new() };
        // Who makes a thing holds its place until it is made, however long that takes.
        for thing in self.things.iter_mut().filter(|thing| thing.state != State::Making) {
            for (_, grant) in thing.held.extract_if(.., |(_, own)| own.expires_ms <= now_ms) {
                thing.state = State::Retired;
                expired.any = true;
                expired.parts.extend(grant.part().filter(|_| thing.standing));
            }
        }
        expired.parts.iter().for_each(|part| self.note_unclean(part.clone()));
        expired
    }

    /// Everything that the pool made, and the parts of standing things that are not known to be empty.
    pub(super) fn clear(self) -> (Vec<Made>, Vec<Part>) {
        let mut parts = self.unclean;
        let (standing, made): (Vec<Thing>, Vec<Thing>) = self.things.into_iter().partition(|thing| thing.standing);
        parts.extend(standing.iter().flat_map(|thing| &thing.held).filter_map(|(_, grant)| grant.part()));
        let whole = |Thing { class, name, .. }| Made { kind: class.kind, name, actor: class.owner };
        (made.into_iter().map(whole).collect(), parts)
    }
}

impl Thing {
    fn is_held_by(&self, case: u64) -> bool {
        self.held.iter().any(|(own, _)| *own == case)
    }

    fn grant(&mut self, ask: &Ask<'_>, token: u64, terms: &PoolTerms) -> Grant {
        let prefix = || ask.prefix.map_or_else(|| format!("{}{token:06}/", Part::start(ask.marker)), str::to_owned);
        let lease_ms = i64::try_from(terms.lease_max.as_millis()).unwrap_or(i64::MAX);
        let grant = Grant {
            class: self.class.clone(),
            name: self.name.clone(),
            token,
            prefix: ask.in_parts.then(prefix),
            expires_ms: ask.now_ms.saturating_add(lease_ms),
            standing: self.standing,
        };
        self.held.push((ask.case, grant.clone()));
        grant
    }
}
