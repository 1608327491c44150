//! The centres of lists, and which lists a row belongs to.
//!
//! Owns: k-means (Lloyd, "Least squares quantization in PCM", 1982) in two levels. Centres come in groups
//! of near ones, and a row is compared with those of the groups near it only: some hundred products instead
//! of some thousand. Rounds of products differ from machine to machine, so centres and the lists of a row are
//! stored, not derived.

use super::super::codes::unit_factor;
use crate::format::record::Metric;
use crate::format::space::{int8_scale, to_int8};
use crate::kernel::{Panel, dot, norm_squared};

/// Rounds of k-means from scratch, and of the centres of all groups together.
const ROUNDS: usize = 5;
const FINER_ROUNDS: usize = 4;
/// Rows of the sample that the first centres are taken from, for each of them.
const PER_FIRST_CENTRE: usize = 8;
/// Rows that the centres of groups are taken from, for each of them.
const PER_GROUP: usize = 200;
/// Groups that a row looks into.
const NEAR_GROUPS: usize = 8;
/// Centres among which its second list is chosen.
const NEAR: usize = 10;
/// What a second list costs for lying the same way as the first.
const ALONG: f32 = 1.0;
/// Rows that are compared at a time.
const BATCH: usize = 512;

/// Appends a vector as lists compare it: at unit length under cosine.
pub fn unit(metric: Metric, vector: &[f32], out: &mut Vec<f32>) {
    let factor = unit_factor(metric, vector);
    out.extend(vector.iter().map(|x| x * factor));
}

/// Rows that centres are taken from.
pub trait Sample: Sync {
    /// How many there are.
    fn count(&self) -> usize;
    /// Appends row `i`, as [`unit`] makes it.
    fn push(&self, i: usize, out: &mut Vec<f32>);
}

/// Vectors to be compared with others.
struct Centres {
    panel: Panel,
    /// Half of the square of each.
    halves: Vec<f32>,
}

impl Centres {
    fn new(vectors: &[f32], dimension: usize) -> Centres {
        let halves = vectors.chunks_exact(dimension);
        Centres {
            panel: Panel::new(vectors, dimension),
            halves: halves.map(|v| norm_squared(v) * 0.5).collect(),
        }
    }

    /// How near each of them is to each row: larger is nearer, row by row, a stride each.
    fn nearness(&self, rows: &[f32], out: &mut Vec<f32>) {
        self.panel.products(rows, out);
        for row in out.chunks_exact_mut(self.panel.stride()) {
            let pairs = row.iter_mut().zip(&self.halves);
            pairs.for_each(|(product, half)| *product -= half);
        }
    }

    /// The nearest to each row.
    fn nearest(&self, rows: &[f32], dimension: usize) -> Vec<u32> {
        let (mut all, mut out) = (Vec::new(), Vec::new());
        for rows in rows.chunks(BATCH * dimension) {
            self.nearness(rows, &mut all);
            let each = all.chunks_exact(self.panel.stride());
            out.extend(each.map(|row| {
                let (mut at, mut best) = (0, f32::NEG_INFINITY);
                for (x, i) in row.iter().zip(0..self.halves.len() as u32) {
                    if *x > best {
                        (at, best) = (i, *x);
                    }
                }
                at
            }));
        }
        out
    }
}

/// The centres of near lists.
struct Group {
    centres: Centres,
    lists: Vec<u32>,
}

/// The centres of all lists.
pub struct Codebook {
    dimension: usize,
    codes: Vec<i8>,
    scales: Vec<f32>,
    /// The same as numbers, and half of the square of each.
    centres: Vec<f32>,
    halves: Vec<f32>,
    coarse: Centres,
    groups: Vec<Group>,
}

/// Memory for rows under way.
#[derive(Default)]
struct Room {
    nearness: Vec<f32>,
    gathered: Vec<f32>,
    /// Rows by group.
    visitors: Vec<Vec<u32>>,
    /// The nearest lists of each row, the nearest first.
    near: Vec<Vec<(f32, u32)>>,
}

impl Codebook {
    /// About so many centres, from a sample of rows.
    #[must_use]
    pub fn train(sample: &dyn Sample, dimension: usize, lists: usize) -> Codebook {
        let rows = sample.count();
        let lists = lists.min(rows).max(1);
        let groups = lists.isqrt().max(1);
        let spread = |count: usize| -> Vec<f32> {
            let count = count.min(rows).max(1);
            let mut out = Vec::with_capacity(count * dimension);
            (0..count).for_each(|i| sample.push(i * rows / count, &mut out));
            out
        };
        let coarse = k_means(&spread(groups * PER_GROUP), dimension, groups);
        let mut members = vec![Vec::new(); coarse.len() / dimension];
        let first = spread(lists * PER_FIRST_CENTRE);
        let all = first.len() / dimension;
        let nearest = Centres::new(&coarse, dimension).nearest(&first, dimension);
        for (row, group) in first.chunks_exact(dimension).zip(nearest) {
            members[group as usize].extend_from_slice(row);
        }
        drop(first);
        let mut centres = Vec::with_capacity(lists * dimension);
        for own in members.iter().filter(|own| !own.is_empty()) {
            let share = (own.len() / dimension * lists) as f64 / all as f64;
            centres.extend(k_means(own, dimension, (share.round() as usize).max(1)));
        }
        drop(members);
        let mut book = Codebook::grouped(centres, dimension, &coarse);
        for _ in 0..FINER_ROUNDS {
            book = book.moved(sample);
        }
        book
    }

    /// The centres, rounded to bytes and put into groups near those of `coarse`.
    fn grouped(centres: Vec<f32>, dimension: usize, coarse: &[f32]) -> Codebook {
        let (mut codes, mut scales) = (Vec::with_capacity(centres.len()), Vec::new());
        let mut decoded = Vec::with_capacity(centres.len());
        for centre in centres.chunks_exact(dimension) {
            let scale = int8_scale(centre);
            scales.push(scale);
            codes.extend(centre.iter().map(|x| to_int8(*x, scale)));
        }
        for (codes, scale) in codes.chunks_exact(dimension).zip(&scales) {
            decoded.extend(codes.iter().map(|x: &i8| f32::from(*x) * scale));
        }
        let coarse = moved_by(&decoded, dimension, coarse.to_vec(), ROUNDS);
        let nearest = Centres::new(&coarse, dimension).nearest(&decoded, dimension);
        let mut lists = vec![Vec::new(); coarse.len() / dimension];
        for (group, list) in nearest.into_iter().zip(0u32..) {
            lists[group as usize].push(list);
        }
        let (mut groups, mut kept) = (Vec::new(), Vec::new());
        for (own, centre) in lists.into_iter().zip(coarse.chunks_exact(dimension)) {
            if own.is_empty() {
                continue;
            }
            let vectors = own
                .iter()
                .flat_map(|l| &decoded[*l as usize * dimension..][..dimension]);
            let vectors: Vec<f32> = vectors.copied().collect();
            kept.extend_from_slice(centre);
            groups.push(Group {
                centres: Centres::new(&vectors, dimension),
                lists: own,
            });
        }
        Codebook {
            dimension,
            codes,
            scales,
            halves: decoded
                .chunks_exact(dimension)
                .map(|c| norm_squared(c) * 0.5)
                .collect(),
            centres: decoded,
            coarse: Centres::new(&kept, dimension),
            groups,
        }
    }

    /// The same with each centre moved to the mean of its rows.
    fn moved(&self, sample: &dyn Sample) -> Codebook {
        let (dimension, lists) = (self.dimension, self.lists());
        let (mut sums, mut counts) = (vec![0f32; self.centres.len()], vec![0u32; lists]);
        let (mut room, mut rows) = (Room::default(), Vec::new());
        for first in (0..sample.count()).step_by(BATCH) {
            rows.clear();
            let batch = first..(first + BATCH).min(sample.count());
            batch.for_each(|i| sample.push(i, &mut rows));
            self.look(&rows, &mut room);
            for (row, near) in rows.chunks_exact(dimension).zip(&room.near) {
                let list = near.first().map_or(0, |(_, list)| *list as usize);
                let sum = &mut sums[list * dimension..][..dimension];
                sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
                counts[list] += 1;
            }
        }
        for (i, (sum, count)) in sums.chunks_exact_mut(dimension).zip(&counts).enumerate() {
            if *count > 1 {
                sum.iter_mut().for_each(|x| *x /= *count as f32);
            } else {
                // A list of hardly any rows starts again where there are some.
                rows.clear();
                sample.push(i * sample.count() / lists, &mut rows);
                sum.copy_from_slice(&rows);
            }
        }
        let coarse = self
            .groups
            .iter()
            .flat_map(|group| self.centre(group.lists[0]));
        let coarse: Vec<f32> = coarse.copied().collect();
        Codebook::grouped(sums, dimension, &coarse)
    }

    /// Lists.
    #[must_use]
    pub fn lists(&self) -> usize {
        self.scales.len()
    }

    /// The centres as bytes, and what these stand for.
    #[must_use]
    pub fn centres(&self) -> (&[i8], &[f32]) {
        (&self.codes, &self.scales)
    }

    /// Appends for each row the two lists that it is in, and the square of its distance from the centre of
    /// the first. Where there is one list only, the second is the same.
    pub fn assign(&self, rows: &[f32], out: &mut Vec<([u32; 2], f32)>) {
        let mut room = Room::default();
        for rows in rows.chunks(BATCH * self.dimension) {
            self.look(rows, &mut room);
            let each = rows.chunks_exact(self.dimension).zip(&room.near);
            out.extend(each.map(|(row, near)| self.choose(row, near)));
        }
    }

    /// Finds the nearest lists of some rows.
    fn look(&self, rows: &[f32], room: &mut Room) {
        let (dimension, count) = (self.dimension, rows.len() / self.dimension);
        room.visitors.resize_with(self.groups.len(), Vec::new);
        room.visitors.iter_mut().for_each(Vec::clear);
        self.coarse.nearness(rows, &mut room.nearness);
        let mut groups: Vec<(f32, u32)> = Vec::new();
        let stride = self.coarse.panel.stride();
        for (row, nearness) in (0u32..).zip(room.nearness.chunks_exact(stride)) {
            groups.clear();
            groups.extend(nearness.iter().copied().zip(0..self.groups.len() as u32));
            let near = NEAR_GROUPS.min(groups.len());
            if near < groups.len() {
                groups.select_nth_unstable_by(near, |a, b| b.0.total_cmp(&a.0));
            }
            for (_, group) in &groups[..near] {
                room.visitors[*group as usize].push(row);
            }
        }
        room.near.resize_with(count, Vec::new);
        room.near.iter_mut().for_each(Vec::clear);
        for (group, visitors) in self.groups.iter().zip(&room.visitors) {
            room.gathered.clear();
            for row in visitors {
                let row = *row as usize * dimension;
                room.gathered.extend_from_slice(&rows[row..row + dimension]);
            }
            group.centres.nearness(&room.gathered, &mut room.nearness);
            let each = room.nearness.chunks_exact(group.centres.panel.stride());
            for (row, nearness) in visitors.iter().zip(each) {
                let near = &mut room.near[*row as usize];
                for (x, list) in nearness.iter().zip(&group.lists) {
                    insert(near, (*x, *list));
                }
            }
        }
    }

    /// The two lists of a row among the near ones.
    fn choose(&self, row: &[f32], near: &[(f32, u32)]) -> ([u32; 2], f32) {
        let square = norm_squared(row);
        let Some(((first_nearness, first), rest)) = near.split_first() else {
            return ([0, 0], 0.0);
        };
        let centre = self.centre(*first);
        let distance = (square - 2.0 * first_nearness).max(0.0);
        let along_first = first_nearness + self.halves[*first as usize];
        let loss = |(nearness, list): &(f32, u32)| {
            let product = nearness + self.halves[*list as usize];
            // What is left beside the first centre, along what is left beside the other.
            let along = square - along_first - product + dot(centre, self.centre(*list));
            square - 2.0 * nearness + ALONG * along * along / distance.max(1e-9)
        };
        let second = rest.iter().map(|c| (loss(c), c.1));
        let second = second.min_by(|a, b| a.0.total_cmp(&b.0));
        ([*first, second.map_or(*first, |(_, list)| list)], distance)
    }

    fn centre(&self, list: u32) -> &[f32] {
        &self.centres[list as usize * self.dimension..][..self.dimension]
    }
}

/// Keeps the largest, sorted.
#[inline]
fn insert(near: &mut Vec<(f32, u32)>, new: (f32, u32)) {
    if near.len() == NEAR {
        if new.0 <= near[NEAR - 1].0 {
            return;
        }
        near.pop();
    }
    let at = near.partition_point(|known| known.0 >= new.0);
    near.insert(at, new);
}

/// Centres of some rows.
fn k_means(rows: &[f32], dimension: usize, count: usize) -> Vec<f32> {
    let all = rows.len() / dimension;
    let count = count.min(all);
    let first = (0..count).flat_map(|i| &rows[i * all / count * dimension..][..dimension]);
    moved_by(rows, dimension, first.copied().collect(), ROUNDS)
}

/// Centres after some rounds; one that no row is nearest to stays.
fn moved_by(rows: &[f32], dimension: usize, mut centres: Vec<f32>, rounds: usize) -> Vec<f32> {
    for _ in 0..rounds {
        let (mut sums, mut counts) = (
            vec![0f32; centres.len()],
            vec![0u32; centres.len() / dimension],
        );
        let nearest = Centres::new(&centres, dimension).nearest(rows, dimension);
        for (row, centre) in rows.chunks_exact(dimension).zip(nearest) {
            let sum = &mut sums[centre as usize * dimension..][..dimension];
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            counts[centre as usize] += 1;
        }
        let each = centres
            .chunks_exact_mut(dimension)
            .zip(sums.chunks_exact(dimension));
        for ((centre, sum), count) in each.zip(counts) {
            if count > 0 {
                let pairs = centre.iter_mut().zip(sum);
                pairs.for_each(|(x, sum)| *x = sum / count as f32);
            }
        }
    }
    centres
}
