//! Just enough arithmetic to look at a public RSA modulus.
//!
//! Division by small numbers and square roots, on numbers that everybody may know: nothing here
//! runs in constant time, and nothing here encrypts or signs.

/// An unsigned integer, the least significant limb first, with two limbs of room on top.
#[derive(Clone)]
pub(super) struct Number(Vec<u64>);

impl Number {
    /// The number that the big-endian bytes say.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let limb = |chunk: &[u8]| chunk.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let mut limbs: Vec<u64> = bytes.rchunks(8).map(limb).collect();
        limbs.extend([0, 0]);
        Self(limbs)
    }

    /// What is left when it is divided by a small number.
    pub(super) fn remainder(&self, divisor: u32) -> u32 {
        let divisor = u64::from(divisor);
        let halves = self.0.iter().rev().flat_map(|limb| [limb >> 32, limb & 0xffff_ffff]);
        let left = halves.fold(0_u64, |left, half| (left << 32 | half) % divisor);
        u32::try_from(left).unwrap_or_default()
    }

    /// Whether it is a product of two factors that are nearly equal: Fermat's method.
    ///
    /// n = a^2 - b^2 with a = (p + q) / 2. `a` is tried from the square root upwards.
    pub(super) fn has_close_factors(&self, steps: usize) -> bool {
        let (root, rest) = self.root();
        if rest.is_zero() {
            return true;
        }
        // (root + 1)^2 - n = 2 root + 1 - rest, and from one square to the next 2 a + 1.
        let mut step = root;
        step.shift(1, 1);
        let mut square = step.clone();
        square.subtract(&rest);
        step.add_small(2);
        for _ in 0..steps {
            if square.is_square() {
                return true;
            }
            square.add(&step);
            step.add_small(2);
        }
        false
    }

    /// The square root rounded down, and what is left: both with half the limbs.
    fn root(&self) -> (Self, Self) {
        let width = self.0.len() / 2 + 2;
        let (mut rest, mut four_roots) = (Self(vec![0; width]), Self(vec![0; width]));
        for limb in self.0.iter().rev() {
            for at in (0..64).step_by(2).rev() {
                rest.shift(2, limb >> at & 3);
                // The next digit is one if 4 root + 1 can be taken away.
                four_roots.add_small(1);
                let one = !rest.is_less(&four_roots);
                if one {
                    rest.subtract(&four_roots);
                }
                four_roots.subtract_small();
                four_roots.shift(1, if one { 4 } else { 0 });
            }
        }
        let mut above = 0;
        for limb in four_roots.0.iter_mut().rev() {
            let low = *limb & 3;
            *limb = *limb >> 2 | above << 62;
            above = low;
        }
        (four_roots, rest)
    }

    fn is_square(&self) -> bool {
        // Few numbers are squares modulo these, so that the root is rarely drawn.
        const SIEVES: [u32; 5] = [64, 63, 65, 11, 17];
        let may_be = |modulus: u32| {
            let residue = self.remainder(modulus);
            (0..modulus).any(|root| root * root % modulus == residue)
        };
        SIEVES.into_iter().all(may_be) && self.root().1.is_zero()
    }

    fn is_zero(&self) -> bool {
        self.0.iter().all(|limb| *limb == 0)
    }

    /// Both have the same number of limbs.
    fn is_less(&self, other: &Self) -> bool {
        self.0.iter().rev().lt(other.0.iter().rev())
    }

    /// Multiplies by a power of two and puts `low` in the place that became free.
    fn shift(&mut self, bits: u32, low: u64) {
        let mut carry = low;
        for limb in &mut self.0 {
            let out = *limb >> (64 - bits);
            *limb = *limb << bits | carry;
            carry = out;
        }
    }

    fn add(&mut self, other: &Self) {
        let mut carry = false;
        for (limb, add) in self.0.iter_mut().zip(&other.0) {
            let (sum, over) = limb.overflowing_add(*add);
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            (*limb, carry) = (sum, over || again);
        }
    }

    fn add_small(&mut self, add: u64) {
        let mut add = add;
        for limb in &mut self.0 {
            let (sum, over) = limb.overflowing_add(add);
            (*limb, add) = (sum, u64::from(over));
            if !over {
                return;
            }
        }
    }

    /// Takes one away from a number that is odd.
    fn subtract_small(&mut self) {
        if let Some(limb) = self.0.first_mut() {
            *limb &= !1;
        }
    }

    /// What is taken away is not greater.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (limb, less) in self.0.iter_mut().zip(&other.0) {
            let (left, under) = limb.overflowing_sub(*less);
            let (left, again) = left.overflowing_sub(u64::from(borrow));
            (*limb, borrow) = (left, under || again);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: u128) -> Number {
        Number::from_bytes(&value.to_be_bytes())
    }

    fn value(number: &Number) -> u128 {
        number.0.iter().rev().fold(0, |sum, limb| sum << 64 | u128::from(*limb))
    }

    proptest::proptest! {
        #[test]
        fn roots_and_remainders_are_those_of_the_machine(n: u128, divisor in 1_u32..) {
            let (root, rest) = number(n).root();
            proptest::prop_assert_eq!(value(&root), n.isqrt());
            proptest::prop_assert_eq!(value(&rest), n - n.isqrt() * n.isqrt());
            proptest::prop_assert_eq!(u128::from(number(n).remainder(divisor)), n % u128::from(divisor));
        }

        #[test]
        fn squares_are_squares_and_their_neighbours_are_not(root in 2_u64..) {
            let square = u128::from(root) * u128::from(root);
            proptest::prop_assert!(number(square).is_square());
            proptest::prop_assert!(!number(square - 1).is_square() && !number(square + 1).is_square());
        }

        #[test]
        fn close_factors_are_found_and_distant_ones_are_not(p in 1_u64 << 62.., gap in 0_u64..1 << 20) {
            let p = p | 1;
            let q = p.saturating_sub(gap * 2);
            proptest::prop_assert!(number(u128::from(p) * u128::from(q)).has_close_factors(100));
            // The least number of steps grows with the square of the distance.
            let far = number(u128::from(p) * u128::from((p / 2) | 1));
            proptest::prop_assert!(!far.has_close_factors(100));
        }
    }
}
