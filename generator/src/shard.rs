//! A part of a suite that several machines share: dealt by a hash of what is dealt, so that each thing is in exactly
//! one part, wherever and whenever it is made.

use std::fmt;
use std::str::FromStr;

use plumb_model::bodies::sha256;

/// The most parts.
pub const SHARDS_MAX: u64 = 10_000;

/// One of several parts, written `2/5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which one, from 1.
    number: u64,
    /// How many there are.
    count: u64,
}

impl Shard {
    /// Whether something belongs to this part, by its bytes.
    pub fn holds(self, bytes: &[u8]) -> bool {
        let digest = sha256(bytes);
        let hash = digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte));
        hash % self.count == self.number - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(own, of)| Some((own.parse().ok()?, of.parse().ok()?)));
        let (number, count) = parsed.ok_or("a shard looks like 2/5: the second of five")?;
        if count > SHARDS_MAX {
            return Err(format!("there are at most {SHARDS_MAX} shards"));
        }
        if (1..=count).contains(&number) {
            Ok(Self { number, count })
        } else {
            Err(format!("shard {number} is out of range: of {count} there are 1 to {count}"))
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.number, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_in_exactly_one_shard_and_none_is_empty() {
        let shards: Vec<Shard> = (1..=7).map(|own| format!("{own}/7").parse().expect("a shard")).collect();
        let mut held = [0; 7];
        for thing in 0..700_u32 {
            let holders: Vec<usize> = (0..7).filter(|own| shards[*own].holds(&thing.to_be_bytes())).collect();
            assert_eq!(holders.len(), 1, "{thing}");
            held[holders[0]] += 1;
        }
        assert!(held.iter().all(|count| (50..150).contains(count)), "{held:?}");
    }

    #[test]
    fn what_a_shard_holds_never_changes() {
        let held = (0..20_u8).filter(|own| Shard { number: 2, count: 3 }.holds(&[*own]));
        assert_eq!(held.collect::<Vec<_>>(), HELD);
    }

    /// Written down once: another hash would deal the rows of a suite that is under way anew.
    const HELD: [u8; 12] = [1, 2, 3, 6, 7, 9, 10, 11, 12, 14, 15, 19];

    #[test]
    fn a_shard_that_cannot_be_is_refused() {
        for (text, why) in [
            ("3", "a shard looks like 2/5: the second of five"),
            ("a/b", "a shard looks like 2/5: the second of five"),
            ("-1/3", "a shard looks like 2/5: the second of five"),
            ("4/3", "shard 4 is out of range: of 3 there are 1 to 3"),
            ("0/3", "shard 0 is out of range: of 3 there are 1 to 3"),
            ("0/0", "shard 0 is out of range: of 0 there are 1 to 0"),
            ("1/10001", "there are at most 10000 shards"),
        ] {
            assert_eq!(text.parse::<Shard>(), Err(why.to_owned()), "{text}");
        }
        assert_eq!("2/5".parse::<Shard>().map(|shard| shard.to_string()), Ok("2/5".to_owned()));
    }
}
