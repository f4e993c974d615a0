//! What others published: models in PICT's language, and how large arrays for them came out, PICT's with its times.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A folder with models, and a table of sizes.
pub(crate) struct Published {
    folder: PathBuf,
    /// By strength and model: the columns that hold a number.
    pub(crate) numbers: BTreeMap<(usize, String), BTreeMap<String, f64>>,
}

impl Published {
    /// The folder beside the project or above it; where there is none, nothing is to be compared with.
    pub(crate) fn find() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the root of the project");
        let mut above = root.ancestors().skip(1).map(|above| above.join("shared/combinatorial"));
        let folder = above.find(|folder| folder.is_dir())?;
        let table = std::fs::read_to_string(folder.join("published_sizes.csv")).expect("a table of sizes");
        Some(Self { folder, numbers: numbers(&table) })
    }

    /// A file of the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A model as it is written.
    pub(crate) fn text(&self, model: &str) -> String {
        let path = self.path(&format!("models/{model}.pict"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
    }

    /// What a column says of a model at a strength.
    pub(crate) fn number(&self, strength: usize, model: &str, column: &str) -> Option<f64> {
        self.numbers.get(&(strength, model.to_owned()))?.get(column).copied()
    }
}

/// The table: the strength, the model, then columns of which some cells are empty and some hold words.
fn numbers(table: &str) -> BTreeMap<(usize, String), BTreeMap<String, f64>> {
    let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap_or_default();
    let line = |cells: Vec<&str>| {
        let columns = header.iter().zip(&cells).skip(2);
        let numbers = columns.filter_map(|(name, cell)| Some(((*name).to_owned(), cell.parse().ok()?)));
        Some(((cells.first()?.parse().ok()?, (*cells.get(1)?).to_owned()), numbers.collect()))
    };
    lines.filter_map(line).collect()
}
