// What runs while an sdist is built or installed: setup.py and other files in its top folder.

rule build_uses_the_network {
  meta:
    policy = "setup-calls"
    severity = "medium"
    sentence = "Building or installing it uses the network."
    confirm = "in_code"
  strings:
    $fetch = /\b(urlopen|urlretrieve|requests\.(get|post|put|request|Session)|httpx\.(get|post|put|Client)|http\.client\.HTTPS?Connection|HTTPS?Connection|socket\.(socket|create_connection)|ftplib\.FTP|smtplib\.SMTP|aiohttp\.ClientSession)\s{0,8}\(/
  condition:
    $fetch
}

rule build_runs_a_downloader {
  meta:
    policy = "setup-calls"
    severity = "high"
    sentence = "Building or installing it starts a shell or a downloader."
    confirm = "in_code"
  strings:
    $shell = /\b(os\.system|os\.popen|subprocess\.\w{3,16}|Popen|check_call|check_output)\s{0,8}\([^\n]{0,80}\b(curl|wget|powershell|pwsh|mshta|certutil|bitsadmin|bash\s{1,4}-c|sh\s{1,4}-c|base64\s{1,4}(-d|--decode))\b/
  condition:
    $shell
}

rule build_starts_processes {
  meta:
    policy = "setup-calls"
    severity = "low"
    sentence = "Building or installing it starts other programs."
    confirm = "in_code"
  strings:
    $start = /\b(os\.(system|popen|exec[lv]p?e?|spawn[lv]p?e?)|pty\.spawn|subprocess\.(run|Popen|call|check_call|check_output|getoutput|getstatusoutput)|Popen|check_call|check_output)\s{0,8}\(/
  condition:
    $start
}

rule takes_over_the_installation {
  meta:
    policy = "install-hooks"
    severity = "medium"
    sentence = "A command of its own takes the place of install, develop or egg_info."
    confirm = "in_code"
  strings:
    $class = /\bclass\s{1,4}\w{1,60}\s{0,4}\(\s{0,4}([\w.]{1,60}\.)?_{0,2}(install|develop|egg_info|InstallCommand|DevelopCommand)\s{0,4}\)/
    $mapping = /\bcmdclass\s{0,4}=\s{0,4}(\{|dict\()[^}]{0,400}\b(install|develop|egg_info)\b['"]?\s{0,4}[:=]/
  condition:
    any of them
}
