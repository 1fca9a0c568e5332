// What runs while an sdist is built or installed: setup.py and other files in its top folder.

rule build_uses_the_network {
  meta:
    policy = "setup-calls"
    severity = "medium"
    sentence = "Building or installing it uses the network."
    confirm = "in_code"
  strings:
    $fetch = /\b(urlopen|urlretrieve|(requests|httpx)[\s\\]{0,8}\.[\s\\]{0,8}(get|post|put|request|stream|Session|Client)|HTTPS?Connection|socket[\s\\]{0,8}\.[\s\\]{0,8}(socket|create_connection)|ftplib\.FTP|smtplib\.SMTP|aiohttp\.ClientSession)[\s\\]{0,80}\(/
    // Under another name the call would not be known.
    $from = /\bfrom[ \t]{1,8}(urllib\.request|urllib3|requests|httpx|aiohttp|http\.client|ftplib|smtplib|socket)[ \t]{1,8}import\b/
    $part = /\bfrom[ \t]{1,8}urllib[ \t]{1,8}import\b[^\n#]{0,80}\brequest\b/
    $as = /\bimport[ \t]{1,8}(urllib\.request|urllib3|requests|httpx|aiohttp|http\.client|ftplib|smtplib|socket)[ \t]{1,8}as\b/
    $named = /\b(__import__|import_module)[\s\\]{0,80}\([\s\\]{0,80}['"](urllib|requests|httpx|aiohttp|http|ftplib|smtplib|socket)\b/
  condition:
    any of them
}

rule build_runs_a_downloader {
  meta:
    policy = "setup-calls"
    severity = "high"
    sentence = "Building or installing it starts a shell or a downloader."
    confirm = "in_code in_call"
  strings:
    $shell = /\b(system|popen|subprocess\.(run|call)|Popen|check_call|check_output|getoutput)[\s\\]{0,80}?\(.{0,160}?\b(curl|wget|powershell|pwsh|mshta|certutil|bitsadmin|bash['",\s]{1,8}?-c|sh['",\s]{1,8}?-c|base64['",\s]{1,8}?(-d|--decode))\b/s
  condition:
    $shell
}

rule build_starts_processes {
  meta:
    policy = "setup-calls"
    severity = "medium"
    sentence = "Building or installing it starts other programs."
    confirm = "in_code"
  strings:
    $call = /\b((os|posix|nt)[\s\\]{0,8}\.[\s\\]{0,8}(system|popen|startfile|exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?)|pty\.spawn|subprocess[\s\\]{0,8}\.[\s\\]{0,8}(run|Popen|call|check_call|check_output|getoutput|getstatusoutput)|Popen|check_call|check_output|getoutput|getstatusoutput|create_subprocess_(exec|shell))[\s\\]{0,80}\(/
    $result = /[)\]][\s\\]{0,8}\.[\s\\]{0,8}(system|popen|startfile|exec[lv]p?e?|spawn[lv]p?e?)[\s\\]{0,80}\([\s\\]{0,80}[^)\s\\]/
    // Under another name the call would not be known.
    $from = /\bfrom[ \t]{1,8}subprocess[ \t]{1,8}import\b/
    $part = /\bfrom[ \t]{1,8}(os|posix|nt|pty)[ \t]{1,8}import\b([^\n#(]{0,200}|[ \t]{0,8}\([^)#]{0,400})\b(system|popen|startfile|exec[lv]p?e?|spawn([lv]p?e?)?|posix_spawnp?)\b/
    $as = /\bimport[ \t]{1,8}(os|subprocess|pty|posix|nt)[ \t]{1,8}as\b/
    $named = /\b(__import__|import_module)[\s\\]{0,80}\([\s\\]{0,80}['"](os|posix|nt|subprocess|pty)['"]/
    $picked = /\bgetattr[\s\\]{0,80}\([\s\\]{0,80}(os|posix|nt|subprocess|pty)[\s\\]{0,8},/
  condition:
    any of them
}

// What lies beside the code weighs little, so nothing may come from there unseen.
rule build_runs_what_lies_aside {
  meta:
    policy = "setup-calls"
    severity = "medium"
    sentence = "Building or installing it runs what lies among tests, documents or examples."
    confirm = "in_code"
  strings:
    $read = /\b(exec|eval|run_path|import_module|__import__|spec_from_file_location)[\s\\]{0,80}\([^)]{0,120}\b(tests?|docs?|examples?|benchmarks?)\b/
    $from = /\bfrom[ \t]{1,8}(tests?|docs?|examples?|benchmarks?)(\.[\w.]{1,60})?[ \t]{1,8}import\b/
    $import = /\bimport[ \t]{1,8}((tests|docs|examples|benchmarks)\b|(test|doc|example|benchmark)\.\w)/
  condition:
    any of them
}

// All that pip runs on its way from an sdist to an installation, compilers included: whoever
// wanted to run something else would choose the command that is not looked at.
rule takes_over_the_installation {
  meta:
    policy = "install-hooks"
    severity = "medium"
    sentence = "A command of its own takes the place of one that builds or installs."
    confirm = "in_code"
  strings:
    $class = /\bclass\s{1,80}\w{1,60}\s{0,80}\(\s{0,80}([\w.]{1,60}\s{0,8},\s{0,8}){0,3}([\w.]{0,60}[._])?(install|develop|egg_info|build|build_py|build_ext|build_clib|build_scripts|install_lib|install_data|install_scripts|install_headers|install_egg_info|bdist_wheel|bdist_egg|editable_wheel|dist_info|InstallCommand|DevelopCommand|BuildPyCommand|BuildCommand)(_\w{1,20})?\s{0,80}[,)]/
    $item = /\bcmdclass\w{0,20}\s{0,8}\[\s{0,8}['"](install|develop|egg_info|build|build_py|build_ext|build_clib|build_scripts|install_lib|install_data|install_scripts|install_headers|install_egg_info|bdist_wheel|bdist_egg|editable_wheel|dist_info)['"]\s{0,8}\]/
    // Under another name the class would not be known.
    $as = /\b(setuptools|distutils)\.command(\.(install\w{0,20}|develop|egg_info|build\w{0,20}|bdist\w{0,20}|editable_wheel|dist_info|easy_install))?[ \t]{1,8}import\b[^\n#]{0,100}[ \t]as[ \t]/
  condition:
    any of them
}

rule names_its_own_commands {
  meta:
    policy = "install-hooks"
    severity = "medium"
    sentence = "A command of its own takes the place of one that builds or installs."
    confirm = "in_code names_command"
  strings:
    $mapping = /\bcmdclass\s{0,80}=\s{0,80}(\{|dict[\s\\]{0,8}\()[^}]{0,2000}\b(install|develop|egg_info|build|build_py|build_ext|build_clib|build_scripts|install_lib|install_data|install_scripts|install_headers|install_egg_info|bdist_wheel|bdist_egg|editable_wheel|dist_info)\b['"]?\s{0,8}[:=]/
  condition:
    $mapping
}
