import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

CFG = {
    "seed": 2021,
    "epochs": 6,
    "micro_batch": 16,
    "accum_iter": 4,      # 16 * 4 = batch of 64, as in the paper
    "lr": 0.1,
    "momentum": 0.9,
    "weight_decay": 5e-4,
}


def make_images(n):
    label = torch.randint(0, 4, (n,))
    img = 0.6 * torch.randn(n, 1, 12, 12)
    for k, (r, c) in enumerate([(0, 0), (0, 6), (6, 0), (6, 6)]):
        img[label == k, :, r:r + 6, c:c + 6] += 0.5
    return TensorDataset(img, label)


def get_model():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2),
        nn.Flatten(), nn.Linear(64, 4),
    )


def train_one_epoch(model, loader, criterion, optimizer):
    model.train()
    optimizer.zero_grad()
    running = 0.0
    for step, (img, label) in enumerate(loader):
        loss = criterion(model(img), label)
        running += loss.item()
        (loss / CFG["accum_iter"]).backward()
        if (step + 1) % CFG["accum_iter"] == 0:
            optimizer.step()
            optimizer.zero_grad()
    return running / len(loader)


@torch.no_grad()
def valid_one_epoch(model, loader):
    model.eval()
    hits = sum((model(img).argmax(1) == label).sum().item() for img, label in loader)
    return hits / len(loader.dataset)


if __name__ == "__main__":
    torch.manual_seed(CFG["seed"])
    train_loader = DataLoader(make_images(1024), batch_size=CFG["micro_batch"], shuffle=True)
    valid_loader = DataLoader(make_images(256), batch_size=128)
    model = get_model()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=CFG["lr"], momentum=CFG["momentum"],
                                weight_decay=CFG["weight_decay"])
    for epoch in range(CFG["epochs"]):
        tr = train_one_epoch(model, train_loader, criterion, optimizer)
        print(f"epoch {epoch} train loss {tr:.4f} valid acc {valid_one_epoch(model, valid_loader):.4f}")
