import { Argument, type Command } from 'commander';
import { completionScript, shells, type Shell } from '../completion-scripts.ts';
import { addExamples } from '../examples.ts';

/** `drover completion bash|zsh|fish`: a script for the shell's start-up file. */
export function defineCompletion(verb: Command): void {
  verb
    .addArgument(new Argument('<shell>', 'for which shell').choices(shells))
    .action((shell: Shell) => void process.stdout.write(completionScript(shell)));
  addExamples(verb, {
    'source <(drover completion bash)': 'for this shell; in ~/.bashrc for all',
    'drover completion fish > ~/.config/fish/completions/drover.fish': 'for fish',
  });
}
