//! Numbers as people read them. Floor 0.

/// `1,234,567`
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn digits_come_in_groups_of_three() {
        for (n, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (21_797_672, "21,797,672")] {
            assert_eq!(thousands(n), expected);
        }
    }
}
