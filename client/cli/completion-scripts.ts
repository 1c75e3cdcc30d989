/** What a shell reads to complete `drover`: it asks the command itself, as it was typed, for every answer. */

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** A line that `drover complete` answers where files are wanted. */
export const filesAnswer = ':files';

export function completionScript(shell: Shell): string {
  return scripts[shell];
}

const scripts: Readonly<Record<Shell, string>> = {
  // Bash splits words at colons and equals signs, of which ids of operations and labels are full: so the words are
  // taken from the line, and of an answer the part that bash takes for an earlier word is left out.
  bash: `# drover completion for bash. Into ~/.bashrc: source <(drover completion bash)
_drover_complete() {
  local words typed kept='' answer
  read -ra words <<<"\${COMP_LINE:0:COMP_POINT}"
  [[ \${COMP_LINE:COMP_POINT-1:1} == [[:space:]] ]] && words+=('')
  typed=\${words[-1]}
  [[ $COMP_WORDBREAKS == *:* && $typed == *:* ]] && kept=\${typed%"\${typed##*:}"}
  [[ $COMP_WORDBREAKS == *=* && \${typed#"$kept"} == *=* ]] && kept=\${typed%"\${typed##*=}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r answer _; do
    if [[ $answer == '${filesAnswer}' ]]; then
      compopt -o default 2>/dev/null
      return
    fi
    [[ $answer == "$typed"* ]] && COMPREPLY+=("\${answer#"$kept"}")
    [[ $answer == *= ]] && compopt -o nospace 2>/dev/null
  done < <("\${words[0]}" complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _drover_complete drover
`,
  zsh: `#compdef drover
# drover completion for zsh. Into ~/.zshrc, after compinit: source <(drover completion zsh)
_drover() {
  local -a answers described unfinished
  local answer
  answers=("\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for answer in $answers; do
    if [[ $answer == '${filesAnswer}' ]]; then
      _files
      return
    fi
    if [[ $answer == *=$'\\t'* ]]; then
      unfinished+=("\${answer%%$'\\t'*}")
    else
      described+=("\${\${answer%%$'\\t'*}//:/\\\\:}:\${answer#*$'\\t'}")
    fi
  done
  (( $#unfinished )) && compadd -S '' -a unfinished
  (( $#described )) && _describe 'drover' described
}
compdef _drover drover
`,
  fish: `# drover completion for fish. Into ~/.config/fish/completions/drover.fish: drover completion fish > that file
function __drover_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l answers ($words[1] complete -- $words[2..-1] 2>/dev/null)
  if test "$answers[1]" = '${filesAnswer}'
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $answers
  end
end
complete -c drover -f -a '(__drover_complete)'
`,
};
