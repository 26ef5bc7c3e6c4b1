import copy
import torch
from torch import nn


def local_update(global_model, x, y):
    model = copy.deepcopy(global_model)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    for i in torch.randperm(len(x)).split(20):
        opt.zero_grad()
        nn.functional.cross_entropy(model(x[i]), y[i]).backward()
        opt.step()
    return model.state_dict()


torch.manual_seed(43)
clients = []
for k in range(4):
    x = torch.randn(100, 5) + 0.2 * k
    clients.append((x, (x[:, 0] > x[:, 1]).long()))
server = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 2))
xt = torch.randn(200, 5)
yt = (xt[:, 0] > xt[:, 1]).long()
for rnd in range(5):
    states = [local_update(server, *c) for c in clients]
    server.load_state_dict({k: torch.stack([s[k] for s in states]).mean(0) for k in states[0]})
    server.eval()
    with torch.no_grad():
        print(rnd, (server(xt).argmax(1) == yt).float().mean().item())
