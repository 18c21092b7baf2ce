//! Waiting times that tests shorten. People have no use for them.

use std::str::FromStr;
use std::time::Duration;

use deckport_endpoint::Timings;

/// One waiting time of `--timing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timing {
    name: Name,
    time: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    LeaseIdle,
    BodyStall,
    KeepAlive,
}

impl Timing {
    /// Puts it into effect.
    pub(crate) fn set(self, timings: &mut Timings) {
        let Timing { name, time } = self;
        match name {
            Name::LeaseIdle => timings.lease_idle = time,
            Name::BodyStall => timings.body_stall = time,
            Name::KeepAlive => {
                timings.keep_alive = time;
                timings.header_timeout = timings.header_timeout.min(time);
            }
        }
    }
}

impl FromStr for Timing {
    type Err = String;

    fn from_str(text: &str) -> Result<Timing, String> {
        let (name, seconds) = text.split_once('=').ok_or("write NAME=SECONDS")?;
        let name = match name {
            "lease-idle" => Name::LeaseIdle,
            "body-stall" => Name::BodyStall,
            "keep-alive" => Name::KeepAlive,
            _ => return Err("the names are lease-idle, body-stall and keep-alive".to_owned()),
        };
        let seconds = seconds.parse().map_err(|_| "the seconds are not a number")?;
        let time = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
        Ok(Timing { name, time })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_named_and_given_in_seconds() {
        let mut timings = Timings::default();
        "lease-idle=1.5".parse::<Timing>().unwrap().set(&mut timings);
        assert_eq!(timings.lease_idle, Duration::from_millis(1500));
        for wrong in ["lease-idle", "sleep=1", "lease-idle=x", "lease-idle=-1"] {
            assert!(wrong.parse::<Timing>().is_err(), "{wrong}");
        }
    }
}
