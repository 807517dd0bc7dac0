//! A routine as a list of instructions. Handlers may continue behind any statement, and LEAVE goes out of any number of
//! blocks: as jumps in a list both are simple, as they are in MySQL.

use std::sync::Arc;

use crate::schema::{ParameterMode as Mode, Table};

use super::tree::{Block, Condition, Fragment, Handler, Inquiry, Node, Raise};

/// A routine ready to be executed.
#[derive(Clone, Debug)]
pub struct Code {
    /// All variables; parameters come first.
    pub frame: Arc<Table>,
    pub parameters: Vec<Mode>,
    /// The queries of cursors, by number.
    pub cursors: Vec<Fragment>,
    pub steps: Vec<Step>,
    pub(super) contexts: Vec<Context>,
}

/// An instruction with the place that conditions are handled from.
#[derive(Clone, Debug)]
pub struct Step {
    pub action: Action,
    /// Where a handler that continues goes to.
    pub next: usize,
    context: usize,
}

/// What an instruction does.
#[derive(Clone, Debug)]
pub enum Action {
    /// A local variable gets a value; `None` is NULL.
    Set {
        slot: usize,
        value: Option<Fragment>,
    },
    Sql(Fragment),
    Jump(usize),
    /// The expression's number chooses the target; any other goes to `otherwise`, `None` being error 1339.
    Choose {
        selector: Fragment,
        targets: Vec<usize>,
        otherwise: Option<usize>,
    },
    /// A block begins: its cursors aren't open, however it was left the last time.
    CloseAll(Vec<usize>),
    Open(usize),
    Fetch(usize, Vec<usize>),
    Close(usize),
    Return(Fragment),
    Raise(Raise),
    Inquire(Inquiry),
    /// A handler ends: on with the statement behind the one that failed, or with the end of its block.
    HandlerEnd(Option<usize>),
    End,
}

/// A block, or the inside of a handler.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    parent: Option<usize>,
    /// The inside of a handler: the handlers of the block that it belongs to don't count in it.
    inside_handler: bool,
    handlers: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    conditions: Vec<Condition>,
    begin: usize,
}

/// A condition, as far as handlers look at it.
#[derive(Clone, Copy, Debug)]
pub struct Raised<'r> {
    pub code: u16,
    pub state: &'r str,
    pub is_error: bool,
}

impl Code {
    /// Where the handler of a condition that `step` raised begins.
    #[must_use]
    pub fn handler(&self, step: usize, raised: Raised<'_>) -> Option<usize> {
        let mut at = Some(self.steps.get(step)?.context);
        while let Some(context) = at.and_then(|at| self.contexts.get(at)) {
            let mut best: Option<(u8, usize)> = None;
            for entry in &context.handlers {
                for condition in &entry.conditions {
                    let Some(rank) = rank(condition, raised) else { continue };
                    if best.is_none_or(|(known, _)| rank < known) {
                        best = Some((rank, entry.begin));
                    }
                }
            }
            if let Some((_, begin)) = best {
                return Some(begin);
            }
            let mut outer = context;
            while outer.inside_handler {
                outer = outer.parent.and_then(|parent| self.contexts.get(parent))?;
            }
            at = outer.parent;
        }
        None
    }
}

/// How exactly a handler's condition names what was raised; smaller is better.
fn rank(condition: &Condition, raised: Raised<'_>) -> Option<u8> {
    let found = match condition {
        Condition::Code(code) => (*code == raised.code).then_some(0),
        Condition::State(state) => (*state == raised.state).then_some(1),
        Condition::Warning => (raised.state.starts_with("01") || !raised.is_error).then_some(2),
        Condition::NotFound => raised.state.starts_with("02").then_some(2),
        Condition::Exception => {
            let class = raised.state.get(..2).unwrap_or_default();
            (raised.is_error && !["00", "01", "02"].contains(&class)).then_some(2)
        }
    };
    found.map(|rank: u8| rank)
}

/// A label in sight while code is made.
struct Label {
    name: String,
    /// Jumps to its end, to be filled in.
    leaves: Vec<usize>,
    /// The beginning of a loop.
    begin: Option<usize>,
}

struct Maker {
    steps: Vec<Step>,
    contexts: Vec<Context>,
    context: usize,
    labels: Vec<Label>,
}

/// Code for a routine's statement.
pub(super) fn make(frame: Arc<Table>, parameters: Vec<Mode>, cursors: Vec<Fragment>, body: &Node) -> Code {
    let contexts = vec![Context::default()];
    let mut maker = Maker { steps: Vec::new(), contexts, context: 0, labels: Vec::new() };
    maker.node(body);
    maker.add(Action::End);
    Code { frame, parameters, cursors, steps: maker.steps, contexts: maker.contexts }
}

impl Maker {
    fn here(&self) -> usize {
        self.steps.len()
    }

    fn add(&mut self, action: Action) -> usize {
        let at = self.here();
        self.steps.push(Step { action, next: at + 1, context: self.context });
        at
    }

    /// Lets a jump that was made before go to this place.
    fn arrive(&mut self, from: usize) {
        let here = self.here();
        if let Some(Step { action: Action::Jump(target), .. }) = self.steps.get_mut(from) {
            *target = here;
        }
    }

    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.node(node);
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Block(block) => self.block(block),
            Node::Set(slot, value) => {
                self.add(Action::Set { slot: *slot, value: Some(value.clone()) });
            }
            Node::Choose { selector, branches, otherwise, must_match } => {
                self.choose(selector, branches, otherwise.as_deref(), *must_match);
            }
            Node::Loop { label, before, body, until } => self.repeat(label, before.as_ref(), body, until.as_ref()),
            Node::Leave(name) => self.leave(name),
            Node::Iterate(name) => self.iterate(name),
            Node::Return(value) => {
                self.add(Action::Return(value.clone()));
            }
            Node::Open(cursor) => {
                self.add(Action::Open(*cursor));
            }
            Node::Fetch(cursor, slots) => {
                self.add(Action::Fetch(*cursor, slots.clone()));
            }
            Node::Close(cursor) => {
                self.add(Action::Close(*cursor));
            }
            Node::Raise(raise) => {
                self.add(Action::Raise(raise.clone()));
            }
            Node::Inquire(inquiry) => {
                self.add(Action::Inquire(inquiry.clone()));
            }
            Node::Sql(text) => {
                self.add(Action::Sql(text.clone()));
            }
        }
    }

    fn block(&mut self, block: &Block) {
        let cursors: Vec<usize> = block.cursors.iter().map(|(number, _)| *number).collect();
        if !cursors.is_empty() {
            self.add(Action::CloseAll(cursors));
        }
        // What the declarations raise is handled outside: the block's handlers don't stand yet.
        for (slot, value) in &block.variables {
            self.add(Action::Set { slot: *slot, value: value.clone() });
        }
        let outer = self.context;
        self.contexts.push(Context { parent: Some(outer), ..Context::default() });
        self.context = self.contexts.len() - 1;
        let own = self.context;
        self.open_label(block.label.as_deref(), None);
        let mut exits = Vec::new();
        for handler in &block.handlers {
            let over = self.add(Action::Jump(0));
            self.handler(own, handler, &mut exits);
            self.arrive(over);
        }
        self.nodes(&block.body);
        self.context = outer;
        self.close_label(block.label.as_deref());
        let end = self.here();
        for at in exits {
            if let Some(Step { action: Action::HandlerEnd(target), .. }) = self.steps.get_mut(at) {
                *target = Some(end);
            }
        }
    }

    fn handler(&mut self, block: usize, handler: &Handler, exits: &mut Vec<usize>) {
        let begin = self.here();
        self.contexts.push(Context { parent: Some(block), inside_handler: true, handlers: Vec::new() });
        self.context = self.contexts.len() - 1;
        self.node(&handler.action);
        let end = self.add(Action::HandlerEnd(None));
        if handler.exits {
            exits.push(end);
        }
        self.context = block;
        let entry = Entry { conditions: handler.conditions.clone(), begin };
        if let Some(context) = self.contexts.get_mut(block) {
            context.handlers.push(entry);
        }
    }

    fn choose(&mut self, selector: &Fragment, branches: &[Vec<Node>], otherwise: Option<&[Node]>, must_match: bool) {
        let choice = self.add(Action::Choose { selector: selector.clone(), targets: Vec::new(), otherwise: None });
        let (mut begins, mut ends) = (Vec::new(), Vec::new());
        for branch in branches {
            begins.push(self.here());
            self.nodes(branch);
            ends.push(self.add(Action::Jump(0)));
        }
        let last = (otherwise.is_some() || !must_match).then(|| self.here());
        self.nodes(otherwise.unwrap_or_default());
        for end in ends {
            self.arrive(end);
        }
        let after = self.here();
        if let Some(step) = self.steps.get_mut(choice) {
            step.next = after;
            if let Action::Choose { targets, otherwise, .. } = &mut step.action {
                (*targets, *otherwise) = (begins, last);
            }
        }
    }

    fn repeat(&mut self, label: &Option<String>, before: Option<&Fragment>, body: &[Node], until: Option<&Fragment>) {
        let begin = self.here();
        self.open_label(label.as_deref(), Some(begin));
        let check = |maker: &mut Self, condition: &Fragment| {
            let none = Action::Choose { selector: condition.clone(), targets: Vec::new(), otherwise: None };
            maker.add(none)
        };
        let entry = before.map(|condition| check(self, condition));
        if let Some(step) = entry.and_then(|at| self.steps.get_mut(at))
            && let Action::Choose { targets, .. } = &mut step.action
        {
            targets.push(begin + 1);
        }
        self.nodes(body);
        let exit = until.map(|condition| check(self, condition));
        if exit.is_none() {
            self.add(Action::Jump(begin));
        }
        let after = self.here();
        if let Some(step) = exit.and_then(|at| self.steps.get_mut(at))
            && let Action::Choose { targets, otherwise, .. } = &mut step.action
        {
            targets.push(after);
            *otherwise = Some(begin);
        }
        if let Some(step) = entry.and_then(|at| self.steps.get_mut(at)) {
            step.next = after;
            if let Action::Choose { otherwise, .. } = &mut step.action {
                *otherwise = Some(after);
            }
        }
        self.close_label(label.as_deref());
    }

    fn open_label(&mut self, label: Option<&str>, begin: Option<usize>) {
        if let Some(name) = label {
            self.labels.push(Label { name: name.to_lowercase(), leaves: Vec::new(), begin });
        }
    }

    fn close_label(&mut self, label: Option<&str>) {
        if label.is_none() {
            return;
        }
        for leave in self.labels.pop().map(|label| label.leaves).unwrap_or_default() {
            self.arrive(leave);
        }
    }

    /// The parser has seen to it that the label is in sight; a handler's inside doesn't see those around it.
    fn label(&mut self, name: &str) -> Option<&mut Label> {
        let lower = name.to_lowercase();
        self.labels.iter_mut().rev().find(|label| label.name == lower)
    }

    fn leave(&mut self, name: &str) {
        let jump = self.add(Action::Jump(0));
        if let Some(label) = self.label(name) {
            label.leaves.push(jump);
        }
    }

    fn iterate(&mut self, name: &str) {
        let begin = self.label(name).and_then(|label| label.begin).unwrap_or_default();
        self.add(Action::Jump(begin));
    }
}
