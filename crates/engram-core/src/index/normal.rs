//! Random numbers for the tests of vectors, the same on every run.

/// Normal variables from a seed.
pub(super) struct Normal(pub(super) u64);

impl Normal {
    pub(super) fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let z = (self.0 ^ self.0 >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((z ^ z >> 32) >> 11) as f64 / 2f64.powi(53)
    }

    pub(super) fn next(&mut self) -> f32 {
        let (r, angle) = (self.uniform().max(1e-300), self.uniform());
        ((-2.0 * r.ln()).sqrt() * (angle * std::f64::consts::TAU).cos()) as f32
    }

    pub(super) fn vector(&mut self, dimension: usize) -> Vec<f32> {
        (0..dimension).map(|_| self.next()).collect()
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }
}
