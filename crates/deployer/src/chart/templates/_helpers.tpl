{{/* Where the objects are: the namespace that is given, else Helm's own. */}}
{{- define "skyward.namespace" -}}
{{- .Values.k3s.namespace | default .Release.Namespace -}}
{{- end -}}

{{/* The type of the Service, as Kubernetes spells it. */}}
{{- define "skyward.serviceType" -}}
{{- get (dict "cluster-ip" "ClusterIP" "node-port" "NodePort" "load-balancer" "LoadBalancer") .Values.k3s.service_type -}}
{{- end -}}

{{/* A number of pods, or a percentage. */}}
{{- define "skyward.count" -}}
{{- if hasSuffix "%" . }}{{ . | quote }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{/* Says something where there is a Middleware of Traefik's for the redirect. */}}
{{- define "skyward.middleware" -}}
{{- $routed := or .Values.k3s.host (ne .Values.k3s.ingress "none") -}}
{{- $nginx := hasPrefix "nginx" (.Values.k3s.ingress_class | default "") -}}
{{- if and .Values.k3s.https_redirect $routed (not $nginx) }}yes{{ end -}}
{{- end -}}

{{/* The annotations of the Ingress: those that are given, and the redirect, as JSON. */}}
{{- define "skyward.ingressAnnotations" -}}
{{- $annotations := dict -}}
{{- range $key, $value := .Values.k3s.ingress_annotations -}}
{{- $_ := set $annotations $key $value -}}
{{- end -}}
{{- if include "skyward.middleware" . -}}
{{- $key := "traefik.ingress.kubernetes.io/router.middlewares" -}}
{{- $ours := printf "%s-%s-https@kubernetescrd" (include "skyward.namespace" .) .Values.service.name -}}
{{- $_ := set $annotations $key (hasKey $annotations $key | ternary (printf "%s,%s" $ours (get $annotations $key)) $ours) -}}
{{- else if .Values.k3s.https_redirect -}}
{{- $_ := set $annotations "nginx.ingress.kubernetes.io/ssl-redirect" "true" -}}
{{- end -}}
{{- $annotations | toJson -}}
{{- end -}}

{{/* CPU as the API server keeps it: the largest unit in which the number is whole. */}}
{{- define "skyward.cpu" -}}
{{- $units := list "m" "" "k" -}}
{{- $unit := ternary 0 1 (hasSuffix "m" .) -}}
{{- $number := trimSuffix "m" . | int64 -}}
{{- range until 2 -}}
{{- if and (lt $unit 2) (eq (mod $number 1000) 0) -}}
{{- $number = div $number 1000 -}}
{{- $unit = int (add1 $unit) -}}
{{- end -}}
{{- end -}}
{{- printf "%d%s" $number (index $units $unit) -}}
{{- end -}}

{{/* Memory and disk space as the API server keeps them. Numbers have six digits at most: one step is enough. */}}
{{- define "skyward.bytes" -}}
{{- $unit := regexFind "[A-Za-z]+$" . -}}
{{- $number := trimSuffix $unit . | int64 -}}
{{- if eq (mod $number 1024) 0 -}}
{{- $number = div $number 1024 -}}
{{- $unit = get (dict "Ki" "Mi" "Mi" "Gi" "Gi" "Ti" "Ti" "Pi") $unit -}}
{{- end -}}
{{- printf "%d%s" $number $unit -}}
{{- end -}}

{{/* The plain variables, name to text, as JSON: the service's settings, and those of service.env and k3s.env over them. */}}
{{- define "skyward.variables" -}}
{{- $variables := dict -}}
{{- range $key, $value := omit .Values.service "args" "env" -}}
{{- $name := printf "SKYWARD_SERVICE__%s" (upper $key) -}}
{{- if kindIs "string" $value -}}
{{- $_ := set $variables $name $value -}}
{{- else if kindIs "slice" $value -}}
{{- $_ := set $variables $name (join "," $value) -}}
{{- else -}}
{{- $_ := set $variables $name (int64 $value | toString) -}}
{{- end -}}
{{- end -}}
{{- range list .Values.service.env .Values.k3s.env -}}
{{- range $name, $text := . -}}
{{- $_ := set $variables $name $text -}}
{{- end -}}
{{- end -}}
{{- range $name, $_ := .Values.k3s.secrets -}}
{{- $_ := unset $variables $name -}}
{{- end -}}
{{- $variables | toJson -}}
{{- end -}}

{{/* A setting that the pod is built around, read back from the variables. Takes a list of the chart and the setting's name. */}}
{{- define "skyward.setting" -}}
{{- $root := index . 0 -}}
{{- $name := printf "SKYWARD_SERVICE__%s" (index . 1) -}}
{{- if hasKey $root.Values.k3s.secrets $name -}}
{{- fail (printf "k3s.secrets.%s: the pod is built around this setting, so it cannot come from a Secret" $name) -}}
{{- end -}}
{{- get (include "skyward.variables" $root | fromJson) $name -}}
{{- end -}}

{{/* A port that the pod can name. Takes what skyward.setting takes. */}}
{{- define "skyward.port" -}}
{{- $port := include "skyward.setting" . -}}
{{- $isPort := and (regexMatch "^[0-9]{1,5}$" $port) (ge (int $port) 1) (le (int $port) 65535) -}}
{{- if not $isPort -}}
{{- fail (printf "SKYWARD_SERVICE__%s: `%s` is not a port from 1 to 65535" (index . 1) $port) -}}
{{- end -}}
{{- int $port -}}
{{- end -}}

{{/* The lowest port that the service listens on: it may have a second one. */}}
{{- define "skyward.lowestPort" -}}
{{- $port := include "skyward.port" (list . "PORT") -}}
{{- if hasKey .Values.service "admin_port" -}}
{{- min $port (include "skyward.port" (list . "ADMIN_PORT")) -}}
{{- else -}}
{{- $port -}}
{{- end -}}
{{- end -}}

{{/* Refuses a release that no client could reach, or that breaks a rule over several values. */}}
{{- define "skyward.check" -}}
{{- include "skyward.rules" . -}}
{{- $host := include "skyward.setting" (list . "HOST") -}}
{{- if or (hasPrefix "127." $host) (eq $host "::1") -}}
{{- fail (printf "SKYWARD_SERVICE__HOST: nothing outside the pod reaches %s; take 0.0.0.0 or ::" $host) -}}
{{- end -}}
{{- $port := include "skyward.port" (list . "PORT") -}}
{{- if hasKey .Values.service "admin_port" -}}
{{- if eq $port (include "skyward.port" (list . "ADMIN_PORT")) -}}
{{- fail (printf "SKYWARD_SERVICE__ADMIN_PORT: %s is the port of the service too; the two differ" $port) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Seconds from the moment that a pod is to end until it is killed: the hook, then SIGTERM and the drain, and a margin. */}}
{{- define "skyward.grace" -}}
{{- $drain := include "skyward.setting" (list . "DRAIN_CAP_MS") | default "8000" -}}
{{- if not (regexMatch "^[0-9]{1,9}$" $drain) -}}
{{- fail (printf "SKYWARD_SERVICE__DRAIN_CAP_MS: `%s` is not a number of milliseconds" $drain) -}}
{{- end -}}
{{- add (int .Values.k3s.pre_stop_s) (div (add (int64 $drain) 999) 1000) 5 -}}
{{- end -}}
