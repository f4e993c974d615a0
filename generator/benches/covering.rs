//! Sizes and times of covering arrays beside PICT's and the best that were published.
//!
//! Times are CPU time of this thread, from the text of a model to its last row. What is short is made over and over,
//! since on some systems the clock of a thread goes in steps of milliseconds. Each array is made twice at least and
//! must be the same, and each is counted by `coverage`, which shares no code with what makes it. Models and sizes of
//! others are not part of this repository; without them nothing is measured. `-- --all` adds strength 3 for the models
//! for which no size of PICT's is known, which takes many minutes.

#![expect(clippy::print_stdout, reason = "a benchmark speaks on standard output")]

mod published;

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use plumb_generator::covering::{EFFORT, Row, compact, coverage, fast};
use plumb_generator::pict::{Dialect, Model};

use published::Published;

const SEED: u64 = 1;
/// How long an array is made again and again, at least, and how often.
const MEASURED_MIN: Duration = Duration::from_millis(50);
const MADE_MIN: u32 = 2;
/// How often a first row is made; the quickest counts.
const FIRST_ROWS: usize = 5;
const FIRST_ROW_MS_MAX: f64 = 5.0;

/// The most rows, and the most CPU seconds, in all.
const FAST_MAX: (f64, f64) = (1_500.0, 0.25);
const COMPACT_MAX: (f64, f64) = (1_105.0, 9.0);
const STRENGTH_3_RATIO_MAX: f64 = 0.92;
/// Models without constraints, what they are, and the most rows.
const OPEN: [(&str, &str, f64); 6] = [
    ("u_3p4", "3^4", 9.0),
    ("u_3p13", "3^13", 15.0),
    ("u_4p15_3p17_2p29", "4^15 3^17 2^29", 29.0),
    ("u_4p1_3p39_2p35", "4^1 3^39 2^35", 21.0),
    ("u_2p100", "2^100", 10.0),
    ("u_10p20", "10^20", 188.0),
];
/// What the names of models without constraints start with.
const OPEN_PREFIX: &str = "u_";

/// An array that was made, with what others need for it.
struct Made {
    model: String,
    rows: f64,
    seconds: f64,
    pict: Option<f64>,
    pict_seconds: Option<f64>,
    acts: Option<f64>,
    best: Option<f64>,
    /// What is wrong with it.
    faults: Vec<&'static str>,
}

/// How rows are made.
#[derive(Clone, Copy)]
enum Effort {
    Fast,
    Compact,
}

fn main() {
    let Some(published) = Published::find() else {
        println!("covering arrays: not measured, there is no folder shared/combinatorial beside the project");
        return;
    };
    let known = |strength: usize| published.numbers.keys().filter(move |own| own.0 == strength).map(|own| &*own.1);
    let constrained: Vec<&str> = known(2).filter(|model| !model.starts_with(OPEN_PREFIX)).collect();
    let by_pict: Vec<&str> = known(3).filter(|model| published.number(3, model, "pict_size").is_some()).collect();

    let quick = all(&published, &constrained, 2, Effort::Fast);
    let small = all(&published, &constrained, 2, Effort::Compact);
    let open = all(&published, &OPEN.map(|(model, _, _)| model), 2, Effort::Compact);
    let threes = all(&published, &by_pict, 3, Effort::Compact);

    println!("covering arrays, seed {SEED}, effort {EFFORT}, CPU seconds of one thread\n");
    println!("| suite | PICT | best published | ours | bar | |\n|---|---|---|---|---|---|");
    in_all_bar("strength 2, fast", &quick, FAST_MAX);
    in_all_bar("strength 2, compact", &small, COMPACT_MAX);
    never_larger_bar(&small);
    open.iter().zip(OPEN).for_each(|(made, (_, name, most))| open_bar(made, name, most));
    strength_3_bar(&threes);
    let everything = || [&quick, &small, &open, &threes].into_iter().flatten();
    sound_bar(&everything().collect::<Vec<_>>());
    first_row_bar(&published);

    by_model("strength 2", &small, Some(&quick));
    by_model("strength 2, no constraints", &open, None);
    by_model("strength 3, where PICT's size is known", &threes, None);
    if std::env::args().any(|argument| argument == "--all") {
        model_head("strength 3, the others");
        for model in known(3).filter(|model| !by_pict.contains(model)) {
            model_line(&make(&published, model, 3, Effort::Compact), None);
        }
    }
}

fn all(published: &Published, models: &[&str], strength: usize, effort: Effort) -> Vec<Made> {
    models.iter().map(|model| make(published, model, strength, effort)).collect()
}

fn make(published: &Published, model: &str, strength: usize, effort: Effort) -> Made {
    let text = published.text(model);
    let (rows, seconds, is_identical) = timed(|| rows(&text, strength, effort));
    let number = |column| published.number(strength, model, column);
    Made {
        model: model.to_owned(),
        rows: float(rows.len()),
        seconds,
        pict: number("pict_size"),
        pict_seconds: number("pict_cpu_s"),
        acts: number("acts"),
        best: number("best_published"),
        faults: faults(&text, strength, &rows, is_identical),
    }
}

fn read(text: &str) -> Model {
    Model::parse(text, &Dialect::default()).expect("a model")
}

fn rows(text: &str, strength: usize, effort: Effort) -> Vec<Row> {
    let model = read(text);
    let (space, demand) = (model.space(), model.demand(Some(strength)).expect("a strength of the model"));
    match effort {
        Effort::Fast => fast(space, &demand, &[], SEED).expect("rows").collect(),
        Effort::Compact => compact(space, &demand, &[], SEED, EFFORT).expect("rows").rows,
    }
}

/// What is made, the mean of the CPU seconds that it takes, and whether it was the same each time.
fn timed<T: PartialEq>(produce: impl Fn() -> T) -> (T, f64, bool) {
    let start = ThreadTime::now();
    let (made, mut is_identical, mut times) = (produce(), true, 1);
    while times < MADE_MIN || start.elapsed() < MEASURED_MIN {
        is_identical &= produce() == made;
        times += 1;
    }
    (made, start.elapsed().as_secs_f64() / f64::from(times), is_identical)
}

fn faults(text: &str, strength: usize, rows: &[Row], is_identical: bool) -> Vec<&'static str> {
    let model = read(text);
    let demand = model.demand(Some(strength)).expect("a strength of the model");
    let counted = coverage(model.space(), rows, &demand);
    let faults = [
        (counted.missing > 0, "tuples missing"),
        (!counted.broken.is_empty(), "constraints violated"),
        (counted.looked_at < counted.sets, "counted in part only"),
        (!is_identical, "not the same each time"),
    ];
    faults.into_iter().filter(|(is_there, _)| *is_there).map(|(_, fault)| fault).collect()
}

fn in_all_bar(suite: &str, made: &[Made], (rows_max, seconds_max): (f64, f64)) {
    let (rows, seconds) = (sum(made, |own| Some(own.rows)), sum(made, |own| Some(own.seconds)));
    let suite = format!("{suite}, {} models with constraints", made.len());
    let pict = format!("{} rows, {:.2} s", sum(made, |own| own.pict), sum(made, |own| own.pict_seconds));
    let best = sum(made, |own| own.best).to_string();
    let bar = format!("at most {rows_max} rows in {seconds_max} s");
    bar_line(
        [&suite, &pict, &best, &format!("{rows} rows, {seconds:.2} s"), &bar],
        rows <= rows_max && seconds <= seconds_max,
    );
}

fn never_larger_bar(made: &[Made]) {
    let is_larger = |own: &&Made| [own.pict, own.acts].into_iter().flatten().any(|theirs| own.rows > theirs);
    let larger: Vec<&str> = made.iter().filter(is_larger).map(|own| own.model.as_str()).collect();
    let ours = if larger.is_empty() { "none".to_owned() } else { larger.join(", ") };
    bar_line(["the same, above PICT's or ACTS's size", "", "", &ours, "none"], larger.is_empty());
}

fn open_bar(made: &Made, name: &str, rows_max: f64) {
    let ours = format!("{} ({:.2} s)", made.rows, made.seconds);
    let bar = format!("at most {rows_max}");
    bar_line(
        [&format!("strength 2, compact, {name}"), &cell(made.pict), &cell(made.best), &ours, &bar],
        made.rows <= rows_max,
    );
}

fn strength_3_bar(made: &[Made]) {
    let ratio = mean_ratio(made, |own| Some(own.rows));
    let (seconds, theirs) = (sum(made, |own| Some(own.seconds)), sum(made, |own| own.pict_seconds));
    let suite = format!("strength 3, compact, {} models, geometric mean of rows over PICT's", made.len());
    let with_best = made.iter().filter(|own| own.best.is_some()).count();
    let (best, beside) = (mean_ratio(made, |own| own.best), mean_ratio(made, |own| own.best.and(Some(own.rows))));
    let best = format!("{best:.2} of the {with_best} where it is known, ours {beside:.2}");
    let bar = format!("at most {STRENGTH_3_RATIO_MAX}, in no more seconds than PICT");
    let (pict, ours) = (format!("1, {theirs:.1} s"), format!("{ratio:.2}, {seconds:.1} s"));
    bar_line([&suite, &pict, &best, &ours, &bar], ratio <= STRENGTH_3_RATIO_MAX && seconds <= theirs);
}

fn sound_bar(made: &[&Made]) {
    let faulty: Vec<String> = made
        .iter()
        .filter(|own| !own.faults.is_empty())
        .map(|own| format!("{} ({})", own.model, own.faults.join(", ")))
        .collect();
    let ours = if faulty.is_empty() { format!("all {}", made.len()) } else { faulty.join("; ") };
    let bar = "nothing missing, nothing violated, the same for a seed";
    bar_line(["every array above", "", "", &ours, bar], faulty.is_empty());
}

/// The first row of each model in the folder, from its text, on the clock of the wall.
fn first_row_bar(published: &Published) {
    let entries = std::fs::read_dir(published.path("models")).expect("a folder of models");
    let names = entries.filter_map(|entry| entry.expect("an entry").path().file_stem()?.to_str().map(str::to_owned));
    let timed = names.map(|model| (first_row(&published.text(&model)), model));
    let Some((slowest, model)) = timed.max() else { return };
    let milliseconds = slowest.as_secs_f64() * 1e3;
    let ours = format!("{milliseconds:.2} ms ({model})");
    let suite = format!("first row at strength 2, fast, the slowest model, best of {FIRST_ROWS}, wall clock");
    bar_line([&suite, "", "", &ours, &format!("under {FIRST_ROW_MS_MAX} ms")], milliseconds < FIRST_ROW_MS_MAX);
}

fn first_row(text: &str) -> Duration {
    let once = || {
        let start = Instant::now();
        let model = read(text);
        let demand = model.demand(Some(2)).expect("two parameters");
        let row = fast(model.space(), &demand, &[], SEED).expect("rows").next();
        assert!(std::hint::black_box(row).is_some(), "there is no first row");
        start.elapsed()
    };
    (0..FIRST_ROWS).map(|_| once()).min().unwrap_or(Duration::MAX)
}

fn by_model(title: &str, made: &[Made], quick: Option<&[Made]>) {
    model_head(title);
    for (number, own) in made.iter().enumerate() {
        model_line(own, quick.map(|quick| quick[number].rows));
    }
}

fn model_head(title: &str) {
    println!("\n{title}\n\n| model | PICT | ACTS | best published | fast | compact | seconds of compact | |");
    println!("|---|---|---|---|---|---|---|---|");
}

fn model_line(own: &Made, fast: Option<f64>) {
    let (pict, acts, best, fast) = (cell(own.pict), cell(own.acts), cell(own.best), cell(fast));
    let faults = own.faults.join(", ");
    println!("| {} | {pict} | {acts} | {best} | {fast} | {} | {:.3} | {faults} |", own.model, own.rows, own.seconds);
}

fn bar_line(cells: [&str; 5], is_kept: bool) {
    println!("| {} | {} |", cells.join(" | "), if is_kept { "kept" } else { "**missed**" });
}

fn cell(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}

fn sum(made: &[Made], number: impl Fn(&Made) -> Option<f64>) -> f64 {
    made.iter().filter_map(number).sum()
}

/// The geometric mean of a size over PICT's, of the models that have both.
fn mean_ratio(made: &[Made], size: impl Fn(&Made) -> Option<f64>) -> f64 {
    let ratios: Vec<f64> = made.iter().filter_map(|own| Some((size(own)? / own.pict?).ln())).collect();
    (ratios.iter().sum::<f64>() / float(ratios.len())).exp()
}

fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
