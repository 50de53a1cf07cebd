/** `dsm completion`: a script that a shell loads to complete verbs and flags. */
import { Argument, Command } from 'commander';
import { exitCodes } from './exit.ts';
import { writeLine } from './output.ts';
import type { Run } from './program.ts';

const examples = `
Examples:
  source <(dsm completion bash)                in ~/.bashrc
  source <(dsm completion zsh)                 in ~/.zshrc
  dsm completion fish > ~/.config/fish/completions/dsm.fish`;

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly { readonly name: string; readonly help: string }[];
}

/** Of the verbs that `program` has when it is asked. */
export function completionVerb(run: Run, program: Command): Command {
  const command = new Command('completion')
    .summary('print a completion script for a shell')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>').choices(shells))
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', examples);
  return command.action((shell: Shell) =>
    run('dsm completion', async () => {
      await writeLine(scripts[shell](verbsOf(program)));
      return exitCodes.ok;
    }),
  );
}

function verbsOf(program: Command): Verb[] {
  return program.commands.flatMap((command) => {
    const flags = command.options.map(({ long, description }) => ({
      name: long ?? '',
      help: description,
    }));
    const names = [command.name(), ...command.aliases()];
    return names.map((name) => ({ name, summary: command.summary(), flags }));
  });
}

const scripts: Readonly<Record<Shell, (verbs: readonly Verb[]) => string>> = {
  bash: (verbs) => `_dsm() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${verbs.map(({ name }) => name).join(' ')}"
  else
    case "\${COMP_WORDS[1]}" in
${verbs.map(({ name, flags }) => `      ${name}) words="${namesOf(flags)}" ;;`).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _dsm dsm`,

  zsh: (verbs) => `#compdef dsm
_dsm() {
  if (( CURRENT == 2 )); then
    local -a verbs=(${verbs.map(({ name, summary }) => quoted(`${name}:${summary}`)).join(' ')})
    _describe verb verbs
  else
    case "$words[2]" in
${verbs.map(({ name, flags }) => `      ${name}) compadd -- ${namesOf(flags)} ;;`).join('\n')}
    esac
    _files
  fi
}
compdef _dsm dsm`,

  fish: (verbs) => verbs.flatMap(fishLines).join('\n'),
};

function fishLines({ name, summary, flags }: Verb): string[] {
  const verb = `complete -c dsm -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`;
  const seen = quoted(`__fish_seen_subcommand_from ${name}`);
  const lines = flags.map(
    (flag) => `complete -c dsm -n ${seen} -l ${flag.name.slice(2)} -d ${quoted(flag.help)}`,
  );
  return [verb, ...lines];
}

const namesOf = (flags: Verb['flags']) => flags.map(({ name }) => name).join(' ');

/** For the shells, of which none takes a quote within quotes. */
const quoted = (text: string) => `'${text.replaceAll("'", '’')}'`;
