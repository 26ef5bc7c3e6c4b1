import torch
import torch.nn as nn

torch.manual_seed(26)


class ActivityMeter:
    """Gathers the mean absolute activation of the watched layers."""

    def __init__(self):
        self.values = []
        self.handles = []

    def watch(self, *layers):
        for layer in layers:
            self.handles.append(layer.register_forward_hook(self._collect))

    def _collect(self, module, args, out):
        self.values.append(out.abs().mean())

    def pop(self):
        total = torch.stack(self.values).sum()
        self.values.clear()
        return total

    def close(self):
        for h in self.handles:
            h.remove()
        self.handles.clear()


def run_epoch(net, meter, opt, x, weight):
    net.train()
    rec_sum = 0.0
    for idx in torch.randperm(len(x)).split(50):
        rec = nn.functional.mse_loss(net(x[idx]), x[idx])
        loss = rec + weight * meter.pop()
        opt.zero_grad()
        loss.backward()
        opt.step()
        rec_sum += rec.item() * len(idx)
    return rec_sum / len(x)


basis = torch.randn(5, 20)
x = torch.randn(500, 5) @ basis + 0.1 * torch.randn(500, 20)
net = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 20))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
meter = ActivityMeter()
for epoch in range(25):
    meter.watch(net[1])
    rec = run_epoch(net, meter, opt, x[:400], weight=0.05)
    if epoch % 6 == 0:
        print(f"epoch {epoch} reconstruction {rec:.4f}")
meter.close()
net.eval()
with torch.no_grad():
    print("val reconstruction", nn.functional.mse_loss(net(x[400:]), x[400:]).item())
