# The brief's topology in OpenTofu's words, for the bench: the same 41 resources, some of which its provider splits.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

# The endpoint and the credentials come from the environment.
provider "aws" {
  region                  = "eu-west-2"
  skip_metadata_api_check = true
  s3_use_path_style       = true
  default_tags {
    tags = { "skyward:stack" = "tofu" }
  }
}

locals {
  zones  = { a = 0, b = 1, c = 2 }
  bucket = "tofu-assets-123456789012-eu-west-2"
}

resource "aws_vpc" "main" {
  cidr_block           = "10.30.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true
}

resource "aws_default_security_group" "none" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "public" {
  for_each          = local.zones
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.30.${each.value * 16}.0/20"
  availability_zone = "eu-west-2${each.key}"
}

resource "aws_subnet" "internal" {
  for_each          = local.zones
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.30.${64 + each.value * 16}.0/20"
  availability_zone = "eu-west-2${each.key}"
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_eip" "nat" {
  for_each = local.zones
  domain   = "vpc"
}

resource "aws_nat_gateway" "main" {
  for_each      = local.zones
  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id
  depends_on    = [aws_internet_gateway.main]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route" "public" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_route_table_association" "public" {
  for_each       = local.zones
  route_table_id = aws_route_table.public.id
  subnet_id      = aws_subnet.public[each.key].id
}

resource "aws_route_table" "internal" {
  for_each = local.zones
  vpc_id   = aws_vpc.main.id
}

resource "aws_route" "internal" {
  for_each               = local.zones
  route_table_id         = aws_route_table.internal[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.main[each.key].id
}

resource "aws_route_table_association" "internal" {
  for_each       = local.zones
  route_table_id = aws_route_table.internal[each.key].id
  subnet_id      = aws_subnet.internal[each.key].id
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.main.id
  service_name      = "com.amazonaws.eu-west-2.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.internal : table.id]
}

resource "aws_security_group" "main" {
  for_each    = { load-balancer = "the load balancer", cms = "the instances", database = "the database" }
  name        = "tofu-${each.key}"
  description = each.value
  vpc_id      = aws_vpc.main.id
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer" {
  security_group_id = aws_security_group.main["load-balancer"].id
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
  cidr_ipv4         = "0.0.0.0/0"
  description       = "HTTP from anyone"
}

resource "aws_vpc_security_group_egress_rule" "load_balancer" {
  security_group_id            = aws_security_group.main["load-balancer"].id
  ip_protocol                  = "tcp"
  from_port                    = 80
  to_port                      = 80
  referenced_security_group_id = aws_security_group.main["cms"].id
  description                  = "HTTP to the instances"
}

resource "aws_vpc_security_group_ingress_rule" "cms" {
  security_group_id            = aws_security_group.main["cms"].id
  ip_protocol                  = "tcp"
  from_port                    = 80
  to_port                      = 80
  referenced_security_group_id = aws_security_group.main["load-balancer"].id
  description                  = "HTTP from the load balancer"
}

resource "aws_vpc_security_group_egress_rule" "cms_web" {
  for_each          = toset(["80", "443"])
  security_group_id = aws_security_group.main["cms"].id
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
  cidr_ipv4         = "0.0.0.0/0"
  description       = "packages and the AWS API"
}

resource "aws_vpc_security_group_egress_rule" "cms_database" {
  security_group_id            = aws_security_group.main["cms"].id
  ip_protocol                  = "tcp"
  from_port                    = 3306
  to_port                      = 3306
  referenced_security_group_id = aws_security_group.main["database"].id
  description                  = "the database"
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id            = aws_security_group.main["database"].id
  ip_protocol                  = "tcp"
  from_port                    = 3306
  to_port                      = 3306
  referenced_security_group_id = aws_security_group.main["cms"].id
  description                  = "from the instances"
}

resource "aws_s3_bucket" "assets" {
  bucket = local.bucket
}

resource "aws_s3_bucket_versioning" "assets" {
  bucket = aws_s3_bucket.assets.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "assets" {
  bucket = aws_s3_bucket.assets.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "assets" {
  bucket = aws_s3_bucket.assets.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "assets" {
  bucket                  = aws_s3_bucket.assets.id
  block_public_acls       = true
  ignore_public_acls      = true
  block_public_policy     = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "assets" {
  bucket = aws_s3_bucket.assets.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::${local.bucket}", "arn:aws:s3:::${local.bucket}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_iam_role" "instance" {
  name = "tofu-instance"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "instance" {
  role       = aws_iam_role.instance.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_role_policy" "assets" {
  name = "assets"
  role = aws_iam_role.instance.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:ListBucket"], Resource = "arn:aws:s3:::${local.bucket}" },
      { Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], Resource = "arn:aws:s3:::${local.bucket}/*" },
    ]
  })
}

resource "aws_iam_instance_profile" "instance" {
  name = "tofu-instance"
  role = aws_iam_role.instance.name
}

resource "aws_launch_template" "cms" {
  name                   = "tofu-cms"
  image_id               = "ami-12c6146b"
  instance_type          = "t3.micro"
  vpc_security_group_ids = [aws_security_group.main["cms"].id]
  iam_instance_profile {
    name = aws_iam_instance_profile.instance.name
  }
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = 8
      volume_type = "gp3"
      encrypted   = true
    }
  }
}

resource "aws_lb_target_group" "cms" {
  name                 = "tofu-cms"
  vpc_id               = aws_vpc.main.id
  protocol             = "HTTP"
  port                 = 80
  deregistration_delay = 30
  health_check {
    protocol            = "HTTP"
    path                = "/"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
    matcher             = "200"
  }
}

resource "aws_lb" "web" {
  name                       = "tofu-web"
  internal                   = false
  load_balancer_type         = "application"
  subnets                    = [for subnet in aws_subnet.public : subnet.id]
  security_groups            = [aws_security_group.main["load-balancer"].id]
  enable_deletion_protection = true
  drop_invalid_header_fields = true
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.web.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.cms.arn
  }
}

resource "aws_autoscaling_group" "cms" {
  name                      = "tofu-cms"
  min_size                  = 3
  max_size                  = 6
  desired_capacity          = 3
  vpc_zone_identifier       = [for subnet in aws_subnet.internal : subnet.id]
  target_group_arns         = [aws_lb_target_group.cms.arn]
  health_check_type         = "ELB"
  health_check_grace_period = 180
  # There are no instances behind the emulator that could get healthy.
  wait_for_capacity_timeout = "0"
  launch_template {
    id      = aws_launch_template.cms.id
    version = "$Latest"
  }
}

resource "aws_autoscaling_policy" "cpu" {
  name                   = "tofu-cpu"
  autoscaling_group_name = aws_autoscaling_group.cms.name
  policy_type            = "TargetTrackingScaling"
  target_tracking_configuration {
    target_value = 60
    predefined_metric_specification {
      predefined_metric_type = "ASGAverageCPUUtilization"
    }
  }
}

resource "aws_db_subnet_group" "main" {
  name        = "tofu-database"
  description = "the internal subnets"
  subnet_ids  = [for subnet in aws_subnet.internal : subnet.id]
}

resource "aws_rds_cluster" "main" {
  cluster_identifier              = "tofu-database"
  engine                          = "mysql"
  db_cluster_instance_class       = "db.m5d.large"
  allocated_storage               = 100
  storage_type                    = "io1"
  iops                            = 1000
  db_subnet_group_name            = aws_db_subnet_group.main.name
  vpc_security_group_ids          = [aws_security_group.main["database"].id]
  master_username                 = "skyward"
  manage_master_user_password     = true
  storage_encrypted               = true
  deletion_protection             = true
  backup_retention_period         = 7
  copy_tags_to_snapshot           = true
  enabled_cloudwatch_logs_exports = ["error", "slowquery"]
  skip_final_snapshot             = true
}
