//! A description of a command line, from which one is built again that helps and suggests alike.

use clap::builder::{PossibleValue, PossibleValuesParser, StyledStr, ValueRange};
use clap::{Arg, ArgAction, ArgGroup, Command};
use serde::{Deserialize, Serialize};

/// A command line as data: all that its help, its suggestions and the shape of its arguments are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of clap's")]
pub struct Described {
    name: String,
    /// The command that is meant where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    long_about: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_help: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    has_version: bool,
    #[serde(skip_serializing_if = "is_false")]
    is_hidden: bool,
    #[serde(skip_serializing_if = "is_false")]
    needs_subcommand: bool,
    #[serde(skip_serializing_if = "is_false")]
    needs_argument: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    arguments: Vec<Argument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Group>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    commands: Vec<Self>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of clap's")]
struct Argument {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    long: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    short: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    long_help: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heading: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    value_names: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    defaults: Vec<String>,
    /// The least and the most values of one occurrence, where that is not what the action says.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<(usize, usize)>,
    #[serde(skip_serializing_if = "Action::is_set")]
    action: Action,
    /// The place in the help.
    order: usize,
    #[serde(skip_serializing_if = "is_false")]
    is_required: bool,
    #[serde(skip_serializing_if = "is_false")]
    is_global: bool,
    #[serde(skip_serializing_if = "is_false")]
    is_hidden: bool,
    #[serde(skip_serializing_if = "is_false")]
    is_last: bool,
    #[serde(skip_serializing_if = "is_false")]
    is_trailing: bool,
    #[serde(skip_serializing_if = "is_false")]
    needs_equals: bool,
    #[serde(skip_serializing_if = "is_false")]
    takes_hyphens: bool,
}

/// One of the values that an argument may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Value {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    is_hidden: bool,
}

/// Arguments of which one is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Group {
    id: String,
    members: Vec<String>,
    is_multiple: bool,
}

/// The meaning of an occurrence: clap's [`ArgAction`], as far as it is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    #[default]
    Set,
    Append,
    SetTrue,
    SetFalse,
    Count,
}

impl Action {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
    fn is_set(&self) -> bool {
        *self == Self::Set
    }
}

fn text(styled: Option<&StyledStr>) -> Option<String> {
    styled.map(ToString::to_string)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Described {
    /// Describes a command line that was not built yet, hidden commands left out.
    pub fn of(command: &Command) -> Self {
        let needed = |group: &&ArgGroup| group.is_required_set();
        Self {
            name: command.get_name().to_owned(),
            default: None,
            about: text(command.get_about()),
            long_about: text(command.get_long_about()),
            after_help: text(command.get_after_help()),
            has_version: command.get_version().is_some(),
            is_hidden: command.is_hide_set(),
            needs_subcommand: command.is_subcommand_required_set(),
            needs_argument: command.is_arg_required_else_help_set(),
            arguments: command.get_arguments().map(Argument::of).collect(),
            groups: command.get_groups().filter(needed).map(Group::of).collect(),
            commands: command.get_subcommands().map(Self::of).collect(),
        }
    }

    /// The command that is meant where none is named, as [`super::with_default`] takes it.
    pub fn default_command(&self) -> Option<&str> {
        self.default.as_deref()
    }

    /// Says which command is meant where none is named.
    #[must_use]
    pub fn with_default_command(self, default: &str) -> Self {
        Self { default: Some(default.to_owned()), ..self }
    }

    /// The name of the command.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Builds a command line that helps and suggests as the one that was described. Values are taken as they are, and rules between
    /// arguments are left to the real one.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.name.clone())
            .hide(self.is_hidden)
            .subcommand_required(self.needs_subcommand)
            .arg_required_else_help(self.needs_argument)
            .args(self.arguments.iter().map(Argument::build))
            .groups(self.groups.iter().map(Group::build))
            .subcommands(self.commands.iter().map(Self::command));
        if let Some(about) = &self.about {
            command = command.about(about.clone());
        }
        if let Some(about) = &self.long_about {
            command = command.long_about(about.clone());
        }
        if let Some(text) = &self.after_help {
            command = command.after_help(text.clone());
        }
        if self.has_version {
            command = command.version(env!("CARGO_PKG_VERSION"));
        }
        command
    }
}

impl Argument {
    fn of(argument: &Arg) -> Self {
        let names = argument.get_value_names().unwrap_or_default();
        let count = argument.get_num_args().map(|range| (range.min_values(), range.max_values()));
        Self {
            id: argument.get_id().to_string(),
            long: argument.get_long().map(str::to_owned),
            short: argument.get_short(),
            help: text(argument.get_help()),
            long_help: text(argument.get_long_help()),
            heading: argument.get_help_heading().map(str::to_owned),
            value_names: names.iter().map(ToString::to_string).collect(),
            values: argument.get_possible_values().iter().map(Value::of).collect(),
            defaults: argument
                .get_default_values()
                .iter()
                .map(|value| value.to_string_lossy().into_owned())
                .collect(),
            count,
            action: match argument.get_action() {
                ArgAction::Append => Action::Append,
                ArgAction::SetTrue => Action::SetTrue,
                ArgAction::SetFalse => Action::SetFalse,
                ArgAction::Count => Action::Count,
                _ => Action::Set,
            },
            order: argument.get_display_order(),
            is_required: argument.is_required_set(),
            is_global: argument.is_global_set(),
            is_hidden: argument.is_hide_set(),
            is_last: argument.is_last_set(),
            is_trailing: argument.is_trailing_var_arg_set(),
            needs_equals: argument.is_require_equals_set(),
            takes_hyphens: argument.is_allow_hyphen_values_set(),
        }
    }

    fn build(&self) -> Arg {
        let action = match self.action {
            Action::Set => ArgAction::Set,
            Action::Append => ArgAction::Append,
            Action::SetTrue => ArgAction::SetTrue,
            Action::SetFalse => ArgAction::SetFalse,
            Action::Count => ArgAction::Count,
        };
        let takes_values = action.takes_values();
        let mut argument = Arg::new(self.id.clone())
            .action(action)
            .display_order(self.order)
            .required(self.is_required)
            .global(self.is_global)
            .hide(self.is_hidden);
        if let Some(long) = &self.long {
            argument = argument.long(long.clone());
        }
        if let Some(short) = self.short {
            argument = argument.short(short);
        }
        if let Some(help) = &self.help {
            argument = argument.help(help.clone());
        }
        if let Some(help) = &self.long_help {
            argument = argument.long_help(help.clone());
        }
        if let Some(heading) = &self.heading {
            argument = argument.help_heading(heading.clone());
        }
        if !takes_values {
            return argument;
        }
        argument = argument
            .last(self.is_last)
            .trailing_var_arg(self.is_trailing)
            .require_equals(self.needs_equals)
            .allow_hyphen_values(self.takes_hyphens)
            .value_names(self.value_names.clone())
            .default_values(self.defaults.clone());
        if let Some((least, most)) = self.count {
            argument = argument.num_args(ValueRange::new(least..=most));
        }
        if !self.values.is_empty() {
            let values = self.values.iter().map(Value::build);
            argument = argument.value_parser(PossibleValuesParser::new(values));
        }
        argument
    }
}

impl Value {
    fn of(value: &PossibleValue) -> Self {
        Self {
            name: value.get_name().to_owned(),
            help: text(value.get_help()),
            is_hidden: value.is_hide_set(),
        }
    }

    fn build(&self) -> PossibleValue {
        let value = PossibleValue::new(self.name.clone()).hide(self.is_hidden);
        match &self.help {
            Some(help) => value.help(help.clone()),
            None => value,
        }
    }
}

impl Group {
    fn of(group: &ArgGroup) -> Self {
        Self {
            id: group.get_id().to_string(),
            members: group.get_args().map(ToString::to_string).collect(),
            is_multiple: group.clone().is_multiple(),
        }
    }

    fn build(&self) -> ArgGroup {
        ArgGroup::new(self.id.clone())
            .args(self.members.clone())
            .multiple(self.is_multiple)
            .required(true)
    }
}
