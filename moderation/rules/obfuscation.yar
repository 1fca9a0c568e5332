// Code that hides what it does.  In Python sources, scripts and .pth files.

rule runs_what_it_decodes {
  meta:
    policy = "obfuscated-code"
    severity = "high"
    sentence = "Code is decoded and run in one breath."
    confirm = "in_call"
  strings:
    $run = /\b(exec|eval)(['"][\])])??[\s\\]{0,80}?\(.{0,300}?(b64decode|b32decode|b85decode|a85decode|b16decode|decodebytes|a2b_(base64|hex|uu)|unhexlify|fromhex|decompress|marshal\.loads|rot13|rot_13|codecs\.decode)/s
  condition:
    $run
}

rule runs_characters_put_together {
  meta:
    policy = "obfuscated-code"
    severity = "high"
    sentence = "Code is put together from numbers or single characters and run."
    confirm = "in_call"
  strings:
    $chars = /\b(exec|eval)(['"][\])])?[\s\\]{0,80}\([\s\\]{0,80}(b?''|b?"")[\s\\]{0,80}\.[\s\\]{0,80}join[\s\\]{0,80}\([\s\\]{0,80}[\[(]?[\s\\]{0,80}(chr|map[\s\\]{0,80}\([\s\\]{0,80}chr)\b/
    $bytes = /\b(exec|eval)(['"][\])])?[\s\\]{0,80}\([\s\\]{0,80}(bytes|bytearray)[\s\\]{0,80}\([\s\\]{0,80}[\[(][\s\\]{0,80}[0-9]/
    $backwards = /\b(exec|eval)(['"][\])])??[\s\\]{0,80}?\(.{0,300}?\[::[\s\\]{0,8}?-1\]/s
  condition:
    any of them
}

rule runs_a_long_blob {
  meta:
    policy = "obfuscated-code"
    severity = "high"
    sentence = "A long coded text stands beside a decoder and a call that runs code."
    confirm = "blob"
  strings:
    $run = /\b(exec|eval)(['"][\])])?[\s\\]{0,80}\(/
    $decoder = /(b64decode|b32decode|b85decode|a85decode|b16decode|decodebytes|a2b_(base64|hex|uu)|unhexlify|fromhex|decompress|marshal\.loads)\b/
  condition:
    $run and $decoder
}

rule runs_its_own_documentation {
  meta:
    policy = "obfuscated-code"
    severity = "high"
    sentence = "Text that passes for documentation is run."
  strings:
    $doc = /\b(exec|eval)(['"][\])])?[\s\\]{0,80}\([^)]{0,120}\b__doc__\b/
  condition:
    $doc
}

rule loads_compiled_code {
  meta:
    policy = "obfuscated-code"
    severity = "high"
    sentence = "Compiled code is loaded out of a constant."
  strings:
    $literal = /\bmarshal[\s\\]{0,80}\.[\s\\]{0,80}loads[\s\\]{0,80}\([\s\\]{0,80}(b['"]|zlib\.|lzma\.|bz2\.|gzip\.|base64\.|bytes\()/
  condition:
    $literal
}

rule code_far_to_the_right {
  meta:
    policy = "obfuscated-code"
    severity = "high"
    sentence = "Code stands far to the right, where nobody sees it."
  strings:
    $far = /[^\s#][ \t\f]{140,20000};?[ \t\f]{0,8}(exec|eval|import|__import__|from)\b/
  condition:
    $far
}

rule invisible_data {
  meta:
    policy = "obfuscated-code"
    severity = "high"
    sentence = "A run of characters that nobody sees holds data."
  strings:
    // Variation selectors and tags, U+FE00 to U+FE0F and U+E0000 to U+E01EF.
    $run = /(\xef\xb8[\x80-\x8f]|\xf3\xa0[\x80-\x87][\x80-\xbf]){8}/
    // Zero widths, U+200B to U+200D and U+2060.
    $zero = /(\xe2\x80[\x8b-\x8d]|\xe2\x81\xa0){12}/
  condition:
    any of them
}

rule turns_the_direction {
  meta:
    policy = "obfuscated-code"
    severity = "medium"
    sentence = "Characters turn the reading direction, so that code reads otherwise than it runs."
  strings:
    $override = /\xe2\x80[\xaa-\xae][^\n]{0,200}/
    $isolate = /\xe2\x81[\xa6-\xa9][^\n]{0,200}/
  condition:
    any of them
}

rule imports_by_a_coded_name {
  meta:
    policy = "obfuscated-code"
    severity = "high"
    sentence = "A module is imported by a name that is coded."
  strings:
    $coded = /\b(__import__|import_module)[\s\\]{0,80}\([^)]{0,120}(b64decode|fromhex|unhexlify|a2b_(base64|hex)|\bchr[\s\\]{0,80}\(|\[::-1\])/
  condition:
    $coded
}

rule armoured {
  meta:
    policy = "obfuscated-code"
    severity = "medium"
    sentence = "The source is enciphered by a tool (PyArmor), so nobody can read it."
  strings:
    $call = /\b__pyarmor__\s{0,8}\(/
    $runtime = /from\s{1,8}[\w.]{0,60}pyarmor_runtime[\w.]{0,40}\s{1,8}import/
  condition:
    any of them
}
