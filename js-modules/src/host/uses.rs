//! What a script will ask for, read from its text without running it: modules, and permissions where they show.
//!
//! Names that a script computes are not seen, and a variable that holds a module is known by its name alone, wherever
//! it is declared. So this is for warnings to a developer; what a script may do is decided when it does it.

mod needs;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use boa_engine::Source;
use boa_engine::ast::declaration::{Binding, Variable};
use boa_engine::ast::expression::access::{PropertyAccess, PropertyAccessField};
use boa_engine::ast::expression::literal::{LiteralKind, PropertyDefinition};
use boa_engine::ast::expression::operator::Assign;
use boa_engine::ast::expression::operator::assign::AssignTarget;
use boa_engine::ast::expression::{Call, Expression, Identifier, New};
use boa_engine::ast::pattern::{ObjectPatternElement, Pattern};
use boa_engine::ast::property::PropertyName;
use boa_engine::ast::scope::Scope;
use boa_engine::ast::visitor::{VisitWith, Visitor};
use boa_engine::ast::{Position, Spanned};
use boa_engine::interner::{Interner, Sym};
use boa_engine::parser::Parser;

use super::{Need, nesting};

/// One place of a script that asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Line from 1.
    pub line: u32,
    /// Column from 1.
    pub column: u32,
    /// What it asks for.
    pub wants: Wants,
}

/// What a place asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wants {
    /// `require('NAME')`
    Module(String),
    /// A permission.
    Permission {
        /// Its name in a manifest, such as `fs.write`.
        permission: &'static str,
        /// The path, host, program or name, where the text says it.
        resource: Option<String>,
        /// The call as a person would say it, such as `fs.writeFileSync`.
        by: String,
    },
}

impl Wants {
    /// The permission as it is asked for when the script runs; `None` for a module or an unknown resource.
    pub fn need(&self) -> Option<Need<'_>> {
        let Wants::Permission { permission, resource, .. } = self else { return None };
        let resource = resource.as_deref();
        Some(match *permission {
            "fs.read" => Need::FsRead(Path::new(resource.filter(|path| path.starts_with('/'))?)),
            "fs.write" => Need::FsWrite(Path::new(resource.filter(|path| path.starts_with('/'))?)),
            "net" => Need::Net(resource?),
            "exec" => Need::Exec(resource?),
            "ffi" => Need::Ffi(resource?),
            "env" => Need::Env(resource?),
            "store" => Need::Store,
            "identity" => Need::Identity,
            _ => return None,
        })
    }
}

/// Everything that `text` asks for, in the order of the text. A text that does not parse asks for nothing.
///
/// The thread needs [`super::NATIVE_STACK_BYTES`] of stack, as for running it.
pub fn uses(text: &str) -> Vec<Use> {
    if nesting::check(text, super::NATIVE_STACK_BYTES).is_err() {
        return Vec::new();
    }
    let mut interner = Interner::default();
    let parsed = Parser::new(Source::from_bytes(text)).parse_script(&Scope::new_global(), &mut interner);
    let Ok(script) = parsed else { return Vec::new() };
    let mut names = Names { interner: &interner, bound: HashMap::new() };
    let _ = script.visit_with(&mut names);
    let mut scan = Scan { names, found: Vec::new() };
    let _ = script.visit_with(&mut scan);
    scan.found.sort_by_key(|one| (one.line, one.column));
    scan.found.dedup();
    scan.found
}

/// A module, or something it exports: `fs`, `fs.readFile`.
type Known = (String, Vec<String>);

/// First walk: which variables hold modules.
struct Names<'a> {
    interner: &'a Interner,
    bound: HashMap<Sym, Known>,
}

impl Names<'_> {
    fn text(&self, sym: Sym) -> String {
        self.interner.resolve_expect(sym).to_string()
    }

    fn string(&self, expression: &Expression) -> Option<String> {
        match expression {
            Expression::Literal(literal) => match literal.kind() {
                LiteralKind::String(sym) => Some(self.text(*sym)),
                _ => None,
            },
            Expression::Parenthesized(inner) => self.string(inner.expression()),
            _ => None,
        }
    }

    fn number(&self, expression: &Expression) -> Option<u16> {
        match expression {
            Expression::Literal(literal) => match literal.kind() {
                LiteralKind::Int(number) => u16::try_from(*number).ok(),
                LiteralKind::String(sym) => self.text(*sym).parse().ok(),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value of a property of an object literal.
    fn property<'e>(&self, expression: &'e Expression, name: &str) -> Option<&'e Expression> {
        let Expression::ObjectLiteral(object) = expression else { return None };
        object.properties().iter().find_map(|property| match property {
            PropertyDefinition::Property(PropertyName::Literal(key), value)
                if self.text(key.sym()) == name =>
            {
                Some(value)
            }
            _ => None,
        })
    }

    /// The name in `require('NAME')`.
    fn required(&self, call: &Call) -> Option<String> {
        match (call.function(), call.args()) {
            (Expression::Identifier(function), [id, ..]) if self.text(function.sym()) == "require" => {
                let id = self.string(id)?;
                Some(id.strip_prefix("node:").unwrap_or(&id).to_owned())
            }
            _ => None,
        }
    }

    /// What an expression names: a module, an export, or a global with the empty module name.
    fn known(&self, expression: &Expression) -> Option<Known> {
        match expression {
            Expression::Identifier(name) => match self.bound.get(&name.sym()) {
                Some(known) => Some(known.clone()),
                None => Some((String::new(), vec![self.text(name.sym())])),
            },
            Expression::PropertyAccess(PropertyAccess::Simple(access)) => {
                let (module, mut path) = self.known(access.target())?;
                match access.field() {
                    PropertyAccessField::Const(field) => path.push(self.text(field.sym())),
                    PropertyAccessField::Expr(field) => path.push(self.string(field)?),
                }
                Some((module, path))
            }
            Expression::Call(call) => Some((self.required(call)?, Vec::new())),
            Expression::Parenthesized(inner) => self.known(inner.expression()),
            _ => None,
        }
    }

    fn bind(&mut self, name: Identifier, value: &Expression) {
        if let Some((module, path)) = self.known(value).filter(|(module, _)| !module.is_empty()) {
            self.bound.insert(name.sym(), (module, path));
        }
    }
}

impl<'ast> Visitor<'ast> for Names<'_> {
    type BreakTy = ();

    fn visit_variable(&mut self, node: &'ast Variable) -> ControlFlow<()> {
        match (node.binding(), node.init()) {
            (Binding::Identifier(name), Some(value)) => self.bind(*name, value),
            (Binding::Pattern(Pattern::Object(pattern)), Some(value)) => {
                if let Some((module, path)) = self.known(value).filter(|(module, _)| !module.is_empty()) {
                    for element in pattern.bindings() {
                        if let ObjectPatternElement::SingleName {
                            name: PropertyName::Literal(key),
                            ident,
                            ..
                        } = element
                        {
                            let mut path = path.clone();
                            path.push(self.text(key.sym()));
                            self.bound.insert(ident.sym(), (module.clone(), path));
                        }
                    }
                }
            }
            _ => {}
        }
        node.visit_with(self)
    }

    fn visit_assign(&mut self, node: &'ast Assign) -> ControlFlow<()> {
        if let AssignTarget::Identifier(name) = node.lhs() {
            self.bind(*name, node.rhs());
        }
        node.visit_with(self)
    }
}

/// Second walk: what is done with them.
struct Scan<'a> {
    names: Names<'a>,
    found: Vec<Use>,
}

impl Scan<'_> {
    fn add(&mut self, at: Position, wants: Wants) {
        self.found.push(Use { line: at.line_number(), column: at.column_number(), wants });
    }

    fn called(&mut self, at: Position, function: &Expression, args: &[Expression]) {
        let Some((module, path)) = self.names.known(function) else { return };
        let by = match module.is_empty() {
            true => path.join("."),
            false => [&[module.clone()][..], &path].concat().join("."),
        };
        for (permission, resource) in needs::of_call(&self.names, &module, &path, args) {
            self.add(at, Wants::Permission { permission, resource, by: by.clone() });
        }
    }
}

impl<'ast> Visitor<'ast> for Scan<'_> {
    type BreakTy = ();

    fn visit_call(&mut self, node: &'ast Call) -> ControlFlow<()> {
        // A call's own span begins at its parenthesis; people look for its name.
        let at = node.function().span().start();
        match self.names.required(node) {
            Some(module) => self.add(at, Wants::Module(module)),
            None => self.called(at, node.function(), node.args()),
        }
        node.visit_with(self)
    }

    fn visit_new(&mut self, node: &'ast New) -> ControlFlow<()> {
        self.called(node.constructor().span().start(), node.constructor(), node.arguments());
        node.visit_with(self)
    }

    fn visit_property_access(&mut self, node: &'ast PropertyAccess) -> ControlFlow<()> {
        if let PropertyAccess::Simple(access) = node
            && let Some((module, path)) = self.names.known(access.target())
            && (module.is_empty() || module == "process")
            && matches!(path.iter().map(String::as_str).collect::<Vec<_>>()[..], ["process", "env"] | ["env"])
            && (module == "process" || path.len() == 2)
            && let PropertyAccessField::Const(name) = access.field()
        {
            let resource = self.names.text(name.sym());
            let by = format!("process.env.{resource}");
            let wants = Wants::Permission { permission: "env", resource: Some(resource), by };
            self.add(node.span().start(), wants);
        }
        node.visit_with(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(text: &str) -> Vec<String> {
        let shown = |one: &Use| match &one.wants {
            Wants::Module(name) => format!("{}:{} {name}", one.line, one.column),
            Wants::Permission { permission, resource, by } => format!(
                "{}:{} {by} {permission} {}",
                one.line,
                one.column,
                resource.as_deref().unwrap_or("?")
            ),
        };
        uses(text).iter().map(shown).filter(|line| line.matches(' ').count() > 1).collect()
    }

    #[test]
    fn modules_are_found_with_their_place_and_comments_are_not() {
        let found = uses("var a = require('fs'),\n  b = require('node:net');\n// require('x')\nrequire(a);");
        let modules: Vec<_> = found.iter().map(|one| (one.line, one.column, &one.wants)).collect();
        assert_eq!(modules, [(1, 9, &Wants::Module("fs".into())), (2, 7, &Wants::Module("net".into()))]);
    }

    #[test]
    fn calls_are_found_however_the_module_was_named() {
        assert_eq!(wants("require('fs').readFileSync('/etc/a');"), ["1:8 fs.readFileSync fs.read /etc/a"]);
        assert_eq!(
            wants("const { writeFile: w } = require('fs');\nw('/b', 1);"),
            ["2:1 fs.writeFile fs.write /b"]
        );
        assert_eq!(wants("let p = require('fs').promises; p.rm(x);"), ["1:33 fs.promises.rm fs.write ?"]);
        assert_eq!(
            wants("var c; c = require('child_process'); c.spawn('ls');"),
            ["1:38 child_process.spawn exec ls"]
        );
    }

    #[test]
    fn hosts_are_read_from_addresses_and_options() {
        assert_eq!(
            wants("require('https').get('https://a.example/x');"),
            ["1:8 https.get net a.example:443"]
        );
        assert_eq!(wants("fetch('http://b:81/');"), ["1:1 fetch net b:81"]);
        assert_eq!(wants("new WebSocket('wss://c/');"), ["1:5 WebSocket net c:443"]);
        assert_eq!(wants("var n = require('net'); n.connect(1883, 'd');"), ["1:25 net.connect net d:1883"]);
        assert_eq!(
            wants("var h = require('http'); h.request({ host: 'e', port: 8080 });"),
            ["1:26 http.request net e:8080"]
        );
    }

    #[test]
    fn the_environment_and_signals_need_a_grant() {
        assert_eq!(
            wants("console.log(process.env.HOME); process.kill(1);"),
            ["1:13 process.env.HOME env HOME", "1:32 process.kill exec kill"]
        );
    }

    #[test]
    fn a_text_that_does_not_parse_asks_for_nothing() {
        assert_eq!(uses("require('fs'; var"), []);
        assert_eq!(uses(&"(".repeat(100_000)), []);
    }
}
