//! Which installation is chosen, and what is said when none fits.

use super::*;

fn layout(test: &str, made_by: Option<u32>) -> Layout {
    let directory = std::env::temp_dir().join(format!("adit-binaries-{test}-{}", std::process::id()));
    fs::create_dir_all(directory.join("postgres")).unwrap();
    if let Some(version) = made_by {
        fs::write(directory.join("postgres/PG_VERSION"), format!("{version}\n")).unwrap();
    }
    Layout::new(&directory).unwrap()
}

fn installed(majors: &[u32]) -> Vec<Binaries> {
    majors.iter().map(|&major| Binaries { directory: format!("/{major}").into(), major }).collect()
}

#[test]
fn a_new_cluster_takes_the_first_that_is_new_enough() {
    let layout = layout("new", None);
    let chosen = choose(&layout, installed(&[12, 15, 16]));
    let none = choose(&layout, installed(&[12]));
    fs::remove_dir_all(&layout.data_dir).unwrap();
    assert_eq!(chosen.unwrap().major, 15);
    let told = none.unwrap_err().to_string();
    assert!(told.contains("apt-get install postgresql") && told.contains("ADIT_DATABASE_URL"), "{told}");
}

#[test]
fn an_existing_cluster_takes_the_version_that_made_it() {
    let layout = layout("existing", Some(14));
    let chosen = choose(&layout, installed(&[16, 14]));
    let other = choose(&layout, installed(&[16, 15]));
    let none = choose(&layout, Vec::new());
    fs::remove_dir_all(&layout.data_dir).unwrap();
    assert_eq!(chosen.unwrap().major, 14);
    let told = other.unwrap_err().to_string();
    assert!(told.contains("PostgreSQL 14") && told.contains("found: 15, 16"), "{told}");
    assert!(matches!(none, Err(ClusterError::NoBinaries)));
}

#[test]
fn an_empty_machine_has_none() {
    let nowhere = PathBuf::from("/nonexistent");
    let places = Places { path: None, versions: nowhere.clone(), prefixed: nowhere };
    assert_eq!(places.directories(), Vec::<PathBuf>::new());
}

#[test]
fn versions_are_read() {
    for (text, major) in [
        ("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n", Some(15)),
        ("postgres (PostgreSQL) 17beta1\n", Some(17)),
        ("postgres (PostgreSQL) 16", Some(16)),
        ("nonsense", None),
    ] {
        assert_eq!(parse_version(text), major, "{text}");
    }
}
