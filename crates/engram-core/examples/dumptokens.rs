use engram_core::index::text::*;
use std::io::BufRead;
fn main() {
    let lang = std::env::args().nth(1).unwrap();
    let a = Analyzer::new(Language::from_code(&lang).unwrap());
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (id, text) = line.split_once('\t').unwrap();
        let mut out = Vec::new();
        a.analyze(text, |t, p, _| out.push(format!("{t}\u{1}{p}")));
        println!("{id}\t{}", out.join("\u{2}"));
    }
}
