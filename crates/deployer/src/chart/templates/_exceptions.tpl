{{/* Where an object deviates from what the auditors ask, as the annotations that they read; as JSON.
     Takes a dict of the chart (root) and the object's kind. */}}
{{- define "skyward.exceptions" -}}
{{- $kind := .kind -}}
{{- $checkov := list -}}
{{- $kubeScore := list -}}
{{- $annotations := dict -}}
{{- with .root -}}
{{- $tagged := not (contains "@" .Values.image) -}}
{{- $latest := and $tagged (or (not (contains ":" (base .Values.image))) (hasSuffix ":latest" .Values.image)) -}}
{{- $onePod := lt (int .Values.k3s.replicas) 2 -}}
{{- $scaled := not (empty .Values.k3s.max_replicas) -}}
{{- $lowPort := lt (include "skyward.lowestPort" . | int) 1024 -}}
@EXCEPTIONS@
{{- end -}}
{{- range $index, $exception := $checkov -}}
{{- $_ := set $annotations (printf "checkov.io/skip%d" (add1 $index)) $exception -}}
{{- end -}}
{{- with $kubeScore -}}
{{- $_ := set $annotations "kube-score/ignore" (join "," .) -}}
{{- end -}}
{{- $annotations | toJson -}}
{{- end -}}
