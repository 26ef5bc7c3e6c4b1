import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(3)

# config
conf = {
    "epochs": 5,
    "bs": 64,
    "lr": 0.05,
    "clip": 1.0,
    "hidden": 64,
}


def synth(n):
    x = torch.randn(n, 16)
    y = ((x[:, :4] ** 2).sum(1) > 3.4).long()
    return TensorDataset(x, y)


def build():
    h = conf["hidden"]
    return nn.Sequential(nn.Linear(16, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 2)).to(device)


def evaluate(model, loader):
    model.eval()
    correct, seen = 0, 0
    with torch.no_grad(), torch.autocast(device, dtype=torch.float16):
        for x, y in loader:
            pred = model(x.to(device)).argmax(dim=1).cpu()
            correct += (pred == y).sum().item()
            seen += y.numel()
    return correct / seen


train_loader = DataLoader(synth(1500), batch_size=conf["bs"], shuffle=True)
val_loader = DataLoader(synth(500), batch_size=250)
model = build()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=conf["lr"], momentum=0.9)
scaler = torch.amp.GradScaler(device)

for epoch in range(conf["epochs"]):
    model.train()
    for x, y in train_loader:
        x, y = x.to(device), y.to(device)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, dtype=torch.float16):
            loss = criterion(model(x), y)
        scaler.scale(loss).backward()
        nn.utils.clip_grad_norm_(model.parameters(), conf["clip"])
        scaler.step(optimizer)
        scaler.update()
    print(f"[{epoch + 1}/{conf['epochs']}] loss={loss.item():.4f} val_acc={evaluate(model, val_loader):.4f}")
