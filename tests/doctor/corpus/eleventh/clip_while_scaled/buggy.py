import torch
import torch.nn as nn
import torch.nn.functional as F

SCALE = 1024.0
MAX_NORM = 1.0


class Net(nn.Module):
    def __init__(self, d_in=16, d=64, n_cls=4):
        super().__init__()
        self.fc1 = nn.Linear(d_in, d)
        self.fc2 = nn.Linear(d, d)
        self.out = nn.Linear(d, n_cls)

    def forward(self, x):
        x = F.gelu(self.fc1(x))
        x = F.gelu(self.fc2(x))
        return self.out(x)


def train_step(model, opt, xb, yb):
    opt.zero_grad(set_to_none=True)
    with torch.autocast("cpu", dtype=torch.float16):
        logits = model(xb)
    loss = F.cross_entropy(logits.float(), yb)
    (loss * SCALE).backward()
    nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
    for p in model.parameters():
        p.grad.div_(SCALE)
    opt.step()
    return loss.item()


def main():
    torch.manual_seed(7)
    x = torch.randn(1000, 16)
    y = x[:, :4].argmax(1)
    model = Net()
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for epoch in range(8):
        model.train()
        losses = [train_step(model, opt, x[i], y[i]) for i in torch.randperm(800).split(40)]
        model.eval()
        with torch.no_grad():
            acc = (model(x[800:]).argmax(1) == y[800:]).float().mean().item()
        print(f"{epoch} train loss {sum(losses) / len(losses):.3f} val acc {acc:.3f}")


main()
