import json
import torch
from torch import nn


class JsonLogger:
    def __init__(self):
        self.rows = []

    def __call__(self, **values):
        self.rows.append({k: (v.item() if isinstance(v, torch.Tensor) else v) for k, v in values.items()})

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        print(json.dumps(self.rows[-1]))


torch.manual_seed(92)
x = torch.randn(200, 3)
y = x.sum(1, keepdim=True)
net = nn.Linear(3, 1)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
with JsonLogger() as log:
    for step in range(30):
        i = torch.randint(0, 200, (20,))
        opt.zero_grad()
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        loss.backward()
        opt.step()
        log(step=step, loss=loss, lr=opt.param_groups[0]["lr"])
