//! Which values of a preset clients accept; any other counts as the default (`storage-blobs` 5).
//!
//! Applied to what is sent. The stored bytes are left alone.

use deckport_wire::Preset;
use std::ops::RangeInclusive;

/// Replaces every value that is out of range by its default.
pub(super) fn apply(preset: &mut Preset) {
    let new = &mut preset.new;
    within(&mut new.per_day, 0..=9999, 20);
    within(&mut new.initial_factor, 1310..=5000, 2500);
    let [good, easy, _] = &mut new.intervals;
    within(good, 1..=36500, 1);
    within(easy, 1..=36500, 4);

    let review = &mut preset.review;
    within(&mut review.per_day, 0..=9999, 200);
    within(&mut review.easy_multiplier, 1.0..=5.0, 1.3);
    within(&mut review.hard_multiplier, 0.5..=1.3, 1.2);
    within(&mut review.interval_multiplier, 0.5..=2.0, 1.0);
    within(&mut review.maximum_interval, 1..=36500, 36500);

    let lapse = &mut preset.lapse;
    within(&mut lapse.multiplier, 0.0..=1.0, 0.0);
    within(&mut lapse.minimum_interval, 1..=36500, 1);
    within(&mut lapse.leech_threshold, 1..=9999, 8);

    within(&mut preset.cap_answer_time_secs, 1..=9999, 60);
    within(&mut preset.new_per_day_minimum, 0..=9999, 0);
    within(&mut preset.desired_retention, 0.7..=0.99, 0.9);
    within(&mut preset.historical_retention, 0.7..=0.97, 0.9);
}

fn within<T: PartialOrd>(value: &mut T, range: RangeInclusive<T>, default: T) {
    if !range.contains(value) {
        *value = default;
    }
}
