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
{{- if and $k3s.max_replicas (lt (int $k3s.max_replicas) (int $k3s.replicas)) -}}
{{- fail "k3s.max_replicas: it is less than replicas; with both, replicas is the least and max_replicas the most" -}}
{{- end -}}
{{- if and (eq $k3s.ingress "none") (or $k3s.host $k3s.tls_secret) -}}
{{- fail "k3s.ingress: it is \"none\", and k3s.host or k3s.tls_secret is for an Ingress; one of them goes" -}}
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
