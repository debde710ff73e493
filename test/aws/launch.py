"""Starts moto (5.2.1) for the AWS contract lane: prints its port, ends with its standard input.

moto calls Lambda and every other integration of a state machine at http://localhost:$MOTO_PORT. That port is the Go
test process: it answers function calls with Go handlers, evaluates JSONata, and passes the rest on to the port printed
here. Six things of moto are changed, each because what we ship would not run as it stands, or not in time:
"""

import copy
import json
import logging
import os
import sys
import threading
import urllib.request

import moto
from moto.core import config
from moto.dynamodb.models import DynamoDBBackend, Table
from moto.dynamodb.models.dynamo_type import DynamoType, ItemSizeTooLarge, LimitedSizeDict
from moto.server import DomainDispatcherApplication, create_backend_app
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.asl.jsonata import jsonata
from moto.stepfunctions.responses import StepFunctionResponse
from werkzeug.serving import WSGIRequestHandler, make_server

if moto.__version__ != "5.2.1":
    sys.exit(f"moto {moto.__version__}: this lane changes internals of moto 5.2.1; run: pip install 'moto[all,server]==5.2.1'")

gateway = f"http://localhost:{os.environ['MOTO_PORT']}"

# 1. Machines are executed rather than only stored, and functions are not run in containers.
config.default_user_config["stepfunctions"] = {"execute_state_machine": True}
config.default_user_config["lambda"] = {"use_docker": False}

# 2. Every execution starts from a deep copy of its machine, which holds the executions before it and their locks: from
#    the second on that fails. A shallow copy is enough.
StateMachine.__deepcopy__ = lambda self, memo: copy.copy(self)


# 3. The JSONata evaluator is left unset; ours is jsonata-go in the test process.
def evaluate(expression):
    with urllib.request.urlopen(gateway + "/jsonata", expression.encode()) as answer:
        if answer.status != 200:
            raise jsonata.JSONataException("JSONata", answer.read().decode())
        return json.load(answer)


jsonata._eval_jsonata = evaluate


# 4. SendTaskFailure loses the cause.
def send_task_failure(self):
    self.stepfunction_backend.send_task_failure(
        self._get_param("taskToken"), error=self._get_param("error"), cause=self._get_param("cause")
    )
    return "{}"


StepFunctionResponse.send_task_failure = send_task_failure

# 5. An item's limit is 405,000 bytes and binary values count in base64; DynamoDB's is 409,600 and counts bytes.
def bytes_of(value):
    if not isinstance(value, DynamoType):
        return len(str(value).encode())
    return len(value.value) * 3 // 4 if value.type == "B" else value.size()


def set_item(self, key, value):
    if bytes_of(key) + bytes_of(value) + sum(bytes_of(k) + bytes_of(v) for k, v in self.items() if k != key) > 409_600:
        raise ItemSizeTooLarge
    dict.__setitem__(self, key, value)


LimitedSizeDict.__setitem__ = set_item


# 6. For every item of a transaction its whole table is copied, to go back to if the transaction is cancelled. Copies of
#    the items that it names are enough; every write that we send names a key.
transact = DynamoDBBackend.transact_write_items


def transact_write_items(self, transact_items):
    before = []
    for entry in transact_items:
        op = next(iter(entry.values()))
        if op.get("TableName") in self.tables and "Key" in op:
            table = self.tables[op["TableName"]]
            pk, sk = self.get_keys_value(table, op["Key"])
            before.append((table, pk, sk, copy.deepcopy(table.get_item(pk, sk))))
    try:
        transact(self, transact_items)
    except Exception:
        for table, pk, sk, item in before:
            table.items[pk].pop(sk, None)
            if item is not None:
                table.items[pk][sk] = item
        raise


Table.__deepcopy__ = lambda self, memo: self
DynamoDBBackend.transact_write_items = transact_write_items

logging.getLogger("werkzeug").setLevel(logging.ERROR)
logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)  # it logs every execution that is meant to fail
WSGIRequestHandler.protocol_version = "HTTP/1.1"  # connections are kept
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(server.port, flush=True)
server.serve_forever()
