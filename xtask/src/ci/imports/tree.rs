//! The modules of a crate, and what their paths lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, ImplItemFn, Item, ItemMod, ItemUse, Macro, Meta, UseTree, Visibility};

/// The text of each file below `src`, by its path there.
pub(in crate::ci) type Sources = BTreeMap<PathBuf, String>;

/// The segments of a path, or the names of the modules from the crate's root to one.
type Names = Vec<String>;

/// A module that is not part of the tests.
#[derive(Default)]
struct Module {
    file: PathBuf,
    items: BTreeSet<String>,
    /// The items that `use` lines bring in, by the name that it has here, and `true` if the line re-exports it.
    uses: BTreeMap<String, (Names, bool)>,
    paths: BTreeSet<Names>,
}

/// The modules of a crate.
pub(super) struct Tree(BTreeMap<Names, Module>);

/// The end of a path.
enum Found<'a> {
    /// In an item that this module defines.
    Item(&'a Module),
    Module,
    OtherCrate,
}

impl Tree {
    /// Reads the files from the crate's root on.
    ///
    /// # Errors
    ///
    /// Fails when a file is missing or is not Rust.
    pub(super) fn read(sources: &Sources, root: &Path) -> Result<Self> {
        let modules = BTreeMap::new();
        let mut reader = Reader { sources, modules, at: Vec::new(), folder: PathBuf::new(), failure: None };
        reader.read_file(root.to_owned());
        reader.failure.map_or(Ok(Self(reader.modules)), Err)
    }

    /// Returns a file, one that it imports, and the path by which it does, for each such path.
    pub(super) fn imports(&self) -> Vec<(&Path, &Path, String)> {
        let mut imports = Vec::new();
        for (at, module) in &self.0 {
            let is_import = |path: &Names| {
                let used = module.uses.get(&path[0]);
                is_relative(path) || used.is_some_and(|(origin, exported)| !exported && is_relative(origin))
            };
            for path in module.paths.iter().filter(|path| is_import(path)) {
                // A `use` line of a module imports nothing: the paths through the module do.
                if let Found::Item(origin) = self.find(at, path, &mut BTreeSet::new())
                    && origin.file != module.file
                {
                    imports.push((module.file.as_path(), origin.file.as_path(), path.join("::")));
                }
            }
        }
        imports
    }

    /// Follows a path that stands in the module `from`. `seen` are the names that it was followed through.
    fn find(&self, from: &Names, path: &[String], seen: &mut BTreeSet<(Names, String)>) -> Found<'_> {
        let mut at = from.clone();
        for (index, name) in path.iter().enumerate() {
            match name.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => drop(at.pop()),
                _ => {
                    let rest = &path[index + 1..];
                    let child = [&at[..], std::slice::from_ref(name)].concat();
                    let Some(module) = self.0.get(&at) else { return Found::OtherCrate };
                    if self.0.contains_key(&child) && !(rest.is_empty() && module.items.contains(name)) {
                        at = child;
                        continue;
                    }
                    if module.items.contains(name) {
                        return Found::Item(module);
                    }
                    return match module.uses.get(name) {
                        Some((origin, _)) if seen.insert((at.clone(), name.clone())) => {
                            self.find(&at, &[origin, rest].concat(), seen)
                        }
                        // A macro makes names that its module does not show. Of a glob only the module is known.
                        None if index > 0 => Found::Item(module),
                        _ => Found::OtherCrate,
                    };
                }
            }
        }
        Found::Module
    }
}

fn is_relative(path: &Names) -> bool {
    ["crate", "super", "self"].contains(&path[0].as_str())
}

/// Collects the modules of a crate.
struct Reader<'a> {
    sources: &'a Sources,
    modules: BTreeMap<Names, Module>,
    at: Names,
    /// The folder of the files that `mod` lines here name.
    folder: PathBuf,
    failure: Option<anyhow::Error>,
}

impl Reader<'_> {
    fn read_file(&mut self, path: PathBuf) {
        let text = self.sources.get(&path).with_context(|| format!("there is no {}", path.display()));
        let parse =
            |text: &String| syn::parse_file(text).with_context(|| format!("{} is not Rust", path.display()));
        match text.and_then(parse) {
            Ok(file) => {
                self.modules.insert(self.at.clone(), Module { file: path, ..Module::default() });
                self.visit_file(&file);
            }
            Err(error) => self.failure = Some(error),
        }
    }

    fn module(&mut self) -> &mut Module {
        self.modules.entry(self.at.clone()).or_default()
    }

    fn add_path(&mut self, path: Names) {
        if path.len() > 1 {
            self.module().paths.insert(path);
        }
    }

    /// Adds the names of a `use` line.
    fn add_use(&mut self, tree: &UseTree, before: &Names, is_exported: bool) {
        let with = |name: &Ident| [&before[..], &[name.to_string()]].concat();
        let (name, path) = match tree {
            UseTree::Path(path) => return self.add_use(&path.tree, &with(&path.ident), is_exported),
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.add_use(tree, before, is_exported));
            }
            UseTree::Name(name) if name.ident == "self" => (before.last().cloned(), before.clone()),
            UseTree::Name(name) => (Some(name.ident.to_string()), with(&name.ident)),
            UseTree::Rename(rename) => (Some(rename.rename.to_string()), with(&rename.ident)),
            UseTree::Glob(_) => (None, [&before[..], &["*".to_owned()]].concat()),
        };
        if !is_exported {
            self.add_path(path.clone());
        }
        if let Some(name) = name {
            self.module().uses.insert(name, (path, is_exported));
        }
    }

    /// Adds the paths in code that only a macro can parse.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let (mut path, mut colons) = (Names::new(), 0);
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(name) if colons == 2 => {
                    path.push(name.to_string());
                    colons = 0;
                }
                other => {
                    self.add_path(std::mem::take(&mut path));
                    colons = 0;
                    match other {
                        TokenTree::Ident(name) => path.push(name.to_string()),
                        TokenTree::Group(group) => self.add_tokens(group.stream()),
                        _ => {}
                    }
                }
            }
        }
        self.add_path(path);
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = match item {
            Item::Const(item) => (&item.attrs, Some(&item.ident)),
            Item::Enum(item) => (&item.attrs, Some(&item.ident)),
            Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
            Item::Impl(item) => (&item.attrs, None),
            Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
            Item::Mod(item) => (&item.attrs, None),
            Item::Static(item) => (&item.attrs, Some(&item.ident)),
            Item::Struct(item) => (&item.attrs, Some(&item.ident)),
            Item::Trait(item) => (&item.attrs, Some(&item.ident)),
            Item::Type(item) => (&item.attrs, Some(&item.ident)),
            Item::Union(item) => (&item.attrs, Some(&item.ident)),
            Item::Use(item) => (&item.attrs, None),
            _ => return visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            self.module().items.extend(name.map(Ident::to_string));
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !is_test(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let name = module.ident.to_string();
        let outer = self.folder.clone();
        self.at.push(name.clone());
        self.folder.push(&name);
        if module.content.is_some() {
            let file = self.modules.get(&self.at[..self.at.len() - 1]).map(|outer| outer.file.clone());
            self.module().file = file.unwrap_or_default();
            visit::visit_item_mod(self, module);
        } else {
            let (file, nested) = (outer.join(format!("{name}.rs")), outer.join(&name).join("mod.rs"));
            self.read_file(if self.sources.contains_key(&nested) { nested } else { file });
        }
        self.folder = outer;
        self.at.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_exported = !matches!(item.vis, Visibility::Inherited);
        self.add_use(&item.tree, &Vec::new(), is_exported);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.add_path(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.visit_path(&item.path);
        self.add_tokens(item.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.add_tokens(list.tokens.clone());
        }
    }
}

/// Returns `true` if what has these attributes is compiled for tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else { return false };
        let condition = list.tokens.to_string().replace(' ', "");
        list.path.is_ident("cfg") && (condition == "test" || condition.starts_with("all(test,"))
    })
}
