//! Several measurements of one thing: the median, and where the tenth and the ninetieth percentile lie.

/// The median of several measurements, and how far they lie apart.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub low: f64,
    pub middle: f64,
    pub high: f64,
}

impl Spread {
    pub fn of(mut each: Vec<f64>) -> Self {
        each.sort_unstable_by(f64::total_cmp);
        let at = |tenths: usize| each[(each.len() - 1) * tenths / 10];
        Self { low: at(1), middle: at(5), high: at(9) }
    }
}
