// Addresses on which attackers rely.  In Python sources, scripts and .pth files.

rule paste_site {
  meta:
    policy = "suspicious-urls"
    severity = "high"
    sentence = "Text is fetched from a site on which anybody can put some."
    confirm = "in_code"
  strings:
    $raw = /\b(pastebin\.com\/raw|paste\.ee\/r|rentry\.co\/[\w-]{1,40}\/raw|hastebin\.com\/raw|dpaste\.(com|org)\/[\w]{1,20}(\.txt|\/raw)|paste\.rs\/\w|ghostbin\.[a-z]{2,4}\/|controlc\.com\/\w|pastefy\.app\/\w{4,20}\/raw|textbin\.net\/raw)/
  condition:
    $raw
}

rule throw_away_files {
  meta:
    policy = "suspicious-urls"
    severity = "medium"
    sentence = "Files are exchanged with a host that keeps nobody's name."
    confirm = "in_code"
  strings:
    $host = /https?:\/\/([\w-]{1,40}\.)?(transfer\.sh|file\.io|gofile\.io|catbox\.moe|anonfiles?\.com|0x0\.st|bashupload\.com|temp\.sh|oshi\.at|filebin\.net)\//
  condition:
    $host
}

rule webhook {
  meta:
    policy = "suspicious-urls"
    severity = "high"
    sentence = "What is found on a machine could be sent to a chat: the address of a webhook or bot."
    confirm = "in_code"
  strings:
    $discord = /\bdiscord(app)?\.com\/api\/(v\d{1,2}\/)?webhooks\/\d{17,20}\/[\w-]{20}/
    $slack = /\bhooks\.slack\.com\/services\/T[0-9A-Z]{8,11}\/B[0-9A-Z]{8,11}\/[0-9A-Za-z]{20}/
    $telegram = /\bapi\.telegram\.org\/bot\d{8,12}:[\w-]{30}/
  condition:
    any of them
}

rule catches_requests {
  meta:
    policy = "suspicious-urls"
    severity = "high"
    sentence = "Requests go to a site that collects them for whoever made the address."
    confirm = "in_code"
  strings:
    $host = /\b(webhook\.site\/[0-9a-f]{8}|[\w-]{4,60}\.(m\.pipedream\.net|requestbin\.(com|net)|burpcollaborator\.net|oastify\.com|oast\.(fun|pro|live|me|site|online)|interact\.sh|beeceptor\.com|requestcatcher\.com))/
  condition:
    $host
}

rule tunnel {
  meta:
    policy = "suspicious-urls"
    severity = "medium"
    sentence = "The address leads through a tunnel to somebody's own machine."
    confirm = "in_code"
  strings:
    $host = /\b[\w-]{4,60}\.(ngrok\.io|ngrok\.app|ngrok-free\.app|trycloudflare\.com|serveo\.net|loca\.lt|lhr\.life|portmap\.(io|host)|playit\.gg)\b/
    $onion = /\b[a-z2-7]{56}\.onion\b/
  condition:
    any of them
}

rule bare_address {
  meta:
    policy = "suspicious-urls"
    severity = "medium"
    sentence = "A host is named by its number only."
    confirm = "public_number"
  strings:
    $number = /\b(https?|ftp|wss?):\/\/\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}[:\/'"\s?]/
  condition:
    $number
}

rule shortened {
  meta:
    policy = "suspicious-urls"
    severity = "medium"
    sentence = "The address is shortened, so nobody sees where it leads."
    confirm = "in_code"
  strings:
    $host = /https?:\/\/(bit\.ly|tinyurl\.com|cutt\.ly|is\.gd|rb\.gy|t\.ly|tiny\.cc|shorturl\.at|rebrand\.ly)\/\w/
  condition:
    $host
}
