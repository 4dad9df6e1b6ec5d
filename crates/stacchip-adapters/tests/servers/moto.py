"""Prepares a moto server that enforces signatures: a user with keys, buckets, objects.

    moto.py ENDPOINT FILE    prints one JSON object

moto takes the first four requests from anybody (INITIAL_NO_AUTH_ACTION_COUNT=4): just enough to make
a user who may do everything, and a bucket.
"""
import json
import sys

import boto3
from botocore.config import Config

endpoint, path = sys.argv[1:]


def client(service, key="anybody", secret="anything"):
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, signature_version="v4" if service == "iam" else "s3v4")
    return boto3.client(service, endpoint_url=endpoint, region_name="us-west-2", aws_access_key_id=key, aws_secret_access_key=secret, config=config)


iam = client("iam")
iam.create_user(UserName="tester")
everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
iam.put_user_policy(UserName="tester", PolicyName="all", PolicyDocument=json.dumps(everything))
keys = iam.create_access_key(UserName="tester")["AccessKey"]
client("s3").create_bucket(Bucket="scenes", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})

s3 = client("s3", keys["AccessKeyId"], keys["SecretAccessKey"])
body = open(path, "rb").read()
for key in ("a.bin", "folder/a b+c%20é.bin"):
    s3.put_object(Bucket="scenes", Key=key, Body=body)
s3.put_object(Bucket="scenes", Key="gzip.bin", Body=body, ContentEncoding="gzip")
print(json.dumps({"id": keys["AccessKeyId"], "secret": keys["SecretAccessKey"]}))
