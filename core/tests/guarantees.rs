//! `docs/guarantees.md` against the tests that it names: whoever renames or removes one is told.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The pieces of code (between backticks) of one list item: a file or folder, then names in it.
fn named(item: &str) -> Option<(&str, Vec<&str>)> {
    let mut pieces = item.split('`').skip(1).step_by(2);
    let place = pieces.next().filter(|place| place.contains('/'))?;
    Some((place, pieces.collect()))
}

/// The list items of the sections on the guarantees, each with the lines that it goes on over.
fn items(document: &str) -> Vec<&str> {
    let sections = document.split("\n## ").filter(|section| {
        section.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok())
    });
    sections
        .flat_map(|section| section.split("\n- ").skip(1))
        .map(|item| item.split("\n\n").next().unwrap_or(item))
        .collect()
}

#[test]
fn every_test_that_the_page_of_guarantees_names_exists() {
    let document = fs::read_to_string(root().join("docs/guarantees.md")).unwrap();
    let mut missing = Vec::new();
    let mut found = 0;
    for (place, names) in items(&document).into_iter().filter_map(named) {
        let path = root().join(place);
        for name in names {
            let exists = if path.is_dir() {
                path.join(format!("{name}.json")).exists()
            } else {
                fs::read_to_string(&path).is_ok_and(|text| text.contains(name))
            };
            if exists {
                found += 1;
            } else {
                missing.push(format!("{place}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "named, but not there: {missing:#?}");
    assert!(found > 80, "the page names {found} tests only: has its form changed?");
}

#[test]
fn the_page_has_a_section_for_each_of_the_twelve_guarantees() {
    let document = fs::read_to_string(root().join("docs/guarantees.md")).unwrap();
    for number in 1..=12 {
        assert!(document.contains(&format!("\n## {number}. ")), "guarantee {number}");
    }
}
