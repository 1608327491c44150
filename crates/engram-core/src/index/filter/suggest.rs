//! The nearest known names, for the hint of an "unknown name" error.
//!
//! Owns: what counts as near. Limits: names above [`MAX_NAME_CHARS`] are never suggested, which
//! bounds the quadratic distance; at most [`MAX_SUGGESTIONS`] come back.

const MAX_NAME_CHARS: usize = 64;
const MAX_SUGGESTIONS: usize = 3;

/// The known names nearest to `name`, the nearest first, equally near ones by name.
///
/// Letter case does not count, swapped neighbours count once, and a name is near if at most a
/// third of its letters (one at least) differ.
pub fn suggest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = fold(name);
    if wanted.len() > MAX_NAME_CHARS {
        return Vec::new();
    }
    let mut near: Vec<(usize, &str)> = known
        .filter_map(|candidate| {
            let folded = fold(candidate);
            let limit = (wanted.len().max(folded.len()) / 3).max(1);
            if folded.len() > MAX_NAME_CHARS || wanted.len().abs_diff(folded.len()) > limit {
                return None;
            }
            let distance = edit_distance(&wanted, &folded);
            (distance <= limit).then_some((distance, candidate))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter()
        .take(MAX_SUGGESTIONS)
        .map(|(_, candidate)| candidate.to_owned())
        .collect()
}

fn fold(name: &str) -> Vec<char> {
    name.chars()
        .take(MAX_NAME_CHARS + 1)
        .flat_map(char::to_lowercase)
        .collect()
}

/// Optimal string alignment: insert, delete, replace, swap neighbours.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let at = |row: &[usize], i: usize| row.get(i).copied().unwrap_or(usize::MAX / 2);
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let replace = at(&above, j) + usize::from(x != y);
            let mut cost = replace.min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(&y) && b.get(j - 1) == Some(&x);
            if swapped {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            row.push(cost);
        }
        before = above;
        above = row;
    }
    at(&above, b.len())
}
