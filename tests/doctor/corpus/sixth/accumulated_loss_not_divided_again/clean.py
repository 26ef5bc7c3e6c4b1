import torch
import torch.nn as nn
import torch.nn.functional as F

cfg = {
    "vocab": 60,
    "length": 20,
    "dim": 32,
    "lr": 0.1,
    "momentum": 0.9,
    "batch": 64,      # per optimizer step
    "micro": 8,       # slices of that batch, one backward each
    "epochs": 10,
}


def topic_texts(n, gen):
    """Three topics, each likes its own twelve tokens."""
    y = torch.randint(0, 3, (n,), generator=gen)
    x = torch.randint(0, cfg["vocab"], (n, cfg["length"]), generator=gen)
    own = y[:, None] * 12 + torch.randint(0, 12, x.shape, generator=gen)
    return torch.where(torch.rand(x.shape, generator=gen) < 0.15, own, x), y


class BagOfWords(nn.Module):
    def __init__(self, vocab, dim, classes):
        super().__init__()
        self.bag = nn.EmbeddingBag(vocab, dim, mode="mean")
        self.hidden = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, classes)

    def forward(self, x):
        return self.out(torch.tanh(self.hidden(self.bag(x))))


def step(model, opt, x, y):
    total = 0.0
    opt.zero_grad()
    for xs, ys in zip(x.chunk(cfg["micro"]), y.chunk(cfg["micro"])):
        loss = F.cross_entropy(model(xs), ys)
        (loss / cfg["micro"]).backward()
        total += loss.item() / cfg["micro"]
    opt.step()
    return total


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        logits = model(x)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


gen = torch.Generator().manual_seed(9)
torch.manual_seed(9)
x, y = topic_texts(1280, gen)
xv, yv = topic_texts(320, gen)
model = BagOfWords(cfg["vocab"], cfg["dim"], 3)
opt = torch.optim.SGD(model.parameters(), lr=cfg["lr"], momentum=cfg["momentum"])
for epoch in range(cfg["epochs"]):
    model.train()
    losses = [step(model, opt, x[i], y[i]) for i in torch.randperm(len(x)).split(cfg["batch"])]
    val_loss, val_acc = evaluate(model, xv, yv)
    print(f"{epoch} train {sum(losses) / len(losses):.3f} val {val_loss:.3f} acc {val_acc:.3f}")
