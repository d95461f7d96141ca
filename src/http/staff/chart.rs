//! Charts as pictures that the page draws itself: bars, made on the server, without a style of their own.
//! Each says in words what it shows; the numbers are in the table beside it. Floor 4.

/// The width of every chart, in its own units: what fits a phone is not shrunk there.
const WIDTH: u32 = 320;
/// The height of a chart of upright bars, without what stands under them.
const HEIGHT: u32 = 110;
/// A row of a chart of lying bars: its words, and its bar.
const ROW: u32 = 34;

/// A chart, as the template draws it.
pub(super) struct Chart {
    /// Tells its parts from those of other charts of the page.
    pub(super) id: &'static str,
    /// What it shows.
    pub(super) title: String,
    /// What one sees in it.
    pub(super) words: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bars: Vec<Bar>,
    pub(super) labels: Vec<Label>,
}

/// A bar.
pub(super) struct Bar {
    pub(super) class: &'static str,
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// Words in a chart.
pub(super) struct Label {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) anchor: &'static str,
    pub(super) words: String,
}

/// How long a bar is of so much room; what is something is seen.
fn of(value: u64, most: u64, room: u32) -> u32 {
    if value == 0 || most == 0 {
        return 0;
    }
    let length = u128::from(value) * u128::from(room) / u128::from(most);
    u32::try_from(length).unwrap_or(room).clamp(1, room)
}

/// Upright bars, one after the other, with a word under each that has one.
pub(super) fn upright(
    id: &'static str,
    title: String,
    words: String,
    values: &[(String, u64)],
) -> Chart {
    let most = values.iter().map(|(_, value)| *value).max().unwrap_or(0);
    let count = u32::try_from(values.len()).unwrap_or(1).max(1);
    let (step, top) = (WIDTH / count, 16);
    let gap = (step / 5).max(1);
    let left = (WIDTH - step * count) / 2;
    let mut chart = Chart {
        id,
        title,
        words,
        width: WIDTH,
        height: top + HEIGHT + 18,
        bars: Vec::new(),
        labels: Vec::new(),
    };
    for (nth, (word, value)) in (0..).zip(values) {
        let height = of(*value, most, HEIGHT);
        let x = left + step * nth;
        chart.bars.push(Bar {
            class: "bar-of",
            x: x + gap / 2,
            y: top + HEIGHT - height,
            width: step - gap,
            height,
        });
        let under = (top + HEIGHT + 14, word.clone());
        let above = (top + HEIGHT - height - 4, value.to_string());
        // Only the highest says its number, where there is no room for all.
        let says = step >= 24 || *value == most;
        let above = Some(above).filter(|_| *value > 0 && says);
        for (y, words) in [Some(under), above].into_iter().flatten() {
            chart.labels.push(Label {
                x: x + step / 2,
                y,
                anchor: "middle",
                words,
            });
        }
    }
    chart.bars.push(Bar {
        class: "axis-of",
        x: 0,
        y: top + HEIGHT,
        width: WIDTH,
        height: 1,
    });
    chart
}

/// A row of lying bars: its words, what is written at its end, and its bars, the longest first.
pub(super) struct Lying {
    pub(super) words: String,
    pub(super) end: String,
    pub(super) bars: Vec<(&'static str, u64)>,
}

/// Lying bars, one under the other, each under its words.
pub(super) fn lying(id: &'static str, title: String, words: String, rows: &[Lying]) -> Chart {
    let values = rows.iter().flat_map(|row| &row.bars);
    let most = values.map(|(_, value)| *value).max().unwrap_or(0);
    let mut chart = Chart {
        id,
        title,
        words,
        width: WIDTH,
        height: ROW * u32::try_from(rows.len()).unwrap_or(0),
        bars: Vec::new(),
        labels: Vec::new(),
    };
    for (nth, row) in (0..).zip(rows) {
        let y = ROW * nth;
        chart.labels.push(Label {
            x: 0,
            y: y + 13,
            anchor: "start",
            words: row.words.clone(),
        });
        chart.labels.push(Label {
            x: WIDTH,
            y: y + 13,
            anchor: "end",
            words: row.end.clone(),
        });
        for (class, value) in &row.bars {
            chart.bars.push(Bar {
                class,
                x: 0,
                y: y + 18,
                width: of(*value, most, WIDTH),
                height: 9,
            });
        }
    }
    chart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_fit_the_picture_and_what_is_something_is_seen() {
        for values in [vec![], vec![0, 0], vec![1, 1000, 0, u64::MAX], vec![3; 24]] {
            let named: Vec<(String, u64)> = values
                .iter()
                .map(|value| ("x".to_owned(), *value))
                .collect();
            let rows: Vec<Lying> = values
                .iter()
                .map(|value| Lying {
                    words: "x".to_owned(),
                    end: value.to_string(),
                    bars: vec![("bar-of", *value)],
                })
                .collect();
            let up = upright("up", String::new(), String::new(), &named);
            let lie = lying("lie", String::new(), String::new(), &rows);
            for (chart, length) in [(&up, 1), (&lie, 0)] {
                for bar in &chart.bars {
                    assert!(bar.x + bar.width <= chart.width && bar.y + bar.height <= chart.height);
                }
                let seen = chart.bars.iter().filter(|bar| bar.class == "bar-of");
                for (bar, value) in seen.zip(&values) {
                    let long = if length == 1 { bar.height } else { bar.width };
                    assert_eq!(long > 0, *value > 0);
                }
            }
        }
    }
}
