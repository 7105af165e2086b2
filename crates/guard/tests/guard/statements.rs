//! The lists of statements. Each begins with a line `--- policy`, with the expected refusal in the list of attacks.

use std::{fmt, sync::LazyLock};

use taskmaster_guard::Policy;

#[derive(Clone)]
pub(crate) struct Listed {
    pub(crate) policy: Policy,
    pub(crate) expected: Option<&'static str>,
    pub(crate) sql: &'static str,
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql)
    }
}

pub(crate) static ATTACKS: LazyLock<Vec<Listed>> = LazyLock::new(|| parse(include_str!("attacks.sql")));
pub(crate) static HONEST: LazyLock<Vec<Listed>> = LazyLock::new(|| parse(include_str!("honest.sql")));

fn parse(list: &'static str) -> Vec<Listed> {
    let mut blocks = list.split("\n--- ");
    blocks.next();
    blocks
        .map(|block| {
            let (head, sql) = block.split_once('\n').expect("a head and a statement");
            let mut words = head.split_whitespace();
            let policy = words.next().and_then(Policy::ready_made).expect("the name of a ready-made policy");
            Listed {
                policy,
                expected: words.next(),
                sql: sql.split("\n=== ").next().unwrap_or_default().trim_end(),
            }
        })
        .collect()
}
