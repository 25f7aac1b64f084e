{{/* The rules over several values, as `config check` has them: JSON Schema cannot compare two values. */}}
{{- define "skyward.rules" -}}
{{- $service := .Values.service -}}
{{- $k3s := .Values.k3s -}}
{{- if and $service.drain_delay_ms $service.drain_cap_ms (gt (int64 $service.drain_delay_ms) (int64 $service.drain_cap_ms)) -}}
{{- fail (printf "service.drain_delay_ms: the delay of %d ms is longer than the cap of %d ms" (int64 $service.drain_delay_ms) (int64 $service.drain_cap_ms)) -}}
{{- end -}}
{{- range $name, $_ := $service.env -}}
{{- if hasPrefix "SKYWARD_SERVICE__" $name -}}
{{- fail (printf "service.env.%s: the service reads that as a setting; set service.%s instead" $name (trimPrefix "SKYWARD_SERVICE__" $name | lower)) -}}
{{- end -}}
{{- end -}}
{{- if and $k3s.host $service.allowed_hosts -}}
{{- $allowed := false -}}
{{- range $service.allowed_hosts -}}
{{- $ending := trimPrefix "*" . | lower -}}
{{- $host := lower $k3s.host -}}
{{- if or (eq (lower .) $host) (and (hasPrefix "*" .) (hasSuffix $ending $host) (gt (len $host) (len $ending))) -}}
{{- $allowed = true -}}
{{- end -}}
{{- end -}}
{{- if not $allowed -}}
{{- fail (printf "k3s.host: the service would refuse %s; service.allowed_hosts is empty or holds it" $k3s.host) -}}
{{- end -}}
{{- end -}}
{{- range list "cpu" "memory" "storage" -}}
{{- $request := get $k3s . -}}
{{- $limit := get $k3s (printf "%s_limit" .) -}}
{{- if gt (include "skyward.amount" $request | int64) (include "skyward.amount" $limit | int64) -}}
{{- fail (printf "k3s.%s: %s is promised and %s is the limit; the limit is the greater" . $request $limit) -}}
{{- end -}}
{{- end -}}
{{- range $key, $least := dict "memory" "1Mi" "memory_limit" "6Mi" "storage_limit" "1Mi" -}}
{{- $size := get $k3s $key -}}
{{- if lt (include "skyward.amount" $size | int64) (include "skyward.amount" $least | int64) -}}
{{- fail (printf "k3s.%s: %s is too little; it is %s at least" $key $size $least) -}}
{{- end -}}
{{- end -}}
{{- range $key := list "labels" "pod_labels" -}}
{{- range $name, $_ := get $k3s $key -}}
{{- $taken := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/managed-by" "pod-template-hash" "kubernetes.io/metadata.name" -}}
{{- if or (has $name $taken) (regexMatch "^(skyward\\.dev|pod-security\\.kubernetes\\.io|batch\\.kubernetes\\.io)/" $name) -}}
{{- fail (printf "k3s.%s: the label %s is taken; name your own otherwise" $key $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $texts := dict "service.args" $service.args "service.env" (values $service.env) "k3s.env" (values $k3s.env) "k3s.ingress_annotations" (values $k3s.ingress_annotations) "k3s.pod_annotations" (values $k3s.pod_annotations) "k3s.service_account_annotations" (values $k3s.service_account_annotations) -}}
{{- range $key, $all := $texts -}}
{{- range $all -}}
{{- if regexMatch "[\\x{7f}-\\x{9f}\\x{2028}\\x{2029}\\x{feff}\\x{fffe}\\x{ffff}]" . -}}
{{- fail (printf "%s: it holds a character that the API server does not take; leave it out" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $k3s.max_replicas (lt (int $k3s.max_replicas) (int $k3s.replicas)) -}}
{{- fail "k3s.max_replicas: it is less than replicas; with both, replicas is the least and max_replicas the most" -}}
{{- end -}}
{{- if and (eq $k3s.ingress "none") (or $k3s.host $k3s.tls_secret) -}}
{{- fail "k3s.ingress: it is \"none\", and k3s.host or k3s.tls_secret is for an Ingress; one of them goes" -}}
{{- end -}}
{{- if and $k3s.host (has $k3s.host $k3s.hosts) -}}
{{- fail (printf "k3s.hosts: %s is in k3s.host already; k3s.hosts has the further ones" $k3s.host) -}}
{{- end -}}
{{- if and $k3s.target_memory (not $k3s.max_replicas) -}}
{{- fail "k3s.target_memory: it is for an autoscaler, which there is with max_replicas alone" -}}
{{- end -}}
{{- if and (eq (trimSuffix "%" $k3s.max_surge) "0") (eq (trimSuffix "%" $k3s.max_unavailable) "0") -}}
{{- fail "k3s.max_surge: it and max_unavailable are 0, so that no pod could ever be replaced; one of them is 1 at least" -}}
{{- end -}}
{{- if and $k3s.egress (not $k3s.network_policies) -}}
{{- fail "k3s.network_policies: it is false, so that k3s.egress means nothing; one of them goes" -}}
{{- end -}}
{{- if and $k3s.service_account $k3s.service_account_annotations -}}
{{- fail "k3s.service_account: it is made by others, who annotate it too; one of the two keys goes" -}}
{{- end -}}
{{- range $name, $_ := $k3s.pod_labels -}}
{{- if hasKey $k3s.labels $name -}}
{{- fail (printf "k3s.pod_labels: %s is in k3s.labels too; keep one of the two" $name) -}}
{{- end -}}
{{- end -}}
{{- if $k3s.https_redirect -}}
{{- $class := $k3s.ingress_class | default "traefik" -}}
{{- if not $k3s.tls_secret -}}
{{- fail "k3s.https_redirect: without a certificate nothing answers by HTTPS; set k3s.tls_secret, or leave the redirect out" -}}
{{- end -}}
{{- if and (not (contains "traefik" $class)) (not (hasPrefix "nginx" $class)) -}}
{{- fail (printf "k3s.https_redirect: the redirect is made for Traefik and for nginx; tell the controller of %s by its own annotation in k3s.ingress_annotations instead" $class) -}}
{{- end -}}
{{- end -}}
{{- range $name, $_ := $k3s.env -}}
{{- if hasKey $k3s.secrets $name -}}
{{- fail (printf "k3s.env.%s: it is in k3s.secrets too; a variable has one value" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A quantity in thousandths of a core, or in bytes. */}}
{{- define "skyward.amount" -}}
{{- $unit := regexFind "[A-Za-z]+$" . -}}
{{- $units := dict "m" 1 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- mul (trimSuffix $unit . | int64) (get $units $unit | default 1000 | int64) -}}
{{- end -}}
