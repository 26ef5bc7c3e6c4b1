# my first try with OneCycleLR :)
import torch
from torch import nn
from torch.utils.data import TensorDataset, DataLoader

torch.manual_seed(10)

# fake "digits": 10 prototypes + noise
protos = torch.rand(10, 64)
labels = torch.randint(0, 10, (2000,))
imgs = protos[labels] + 0.6 * torch.randn(2000, 64)
train = TensorDataset(imgs[:1600], labels[:1600])
val = TensorDataset(imgs[1600:], labels[1600:])
train_dl = DataLoader(train, batch_size=64, shuffle=True)
val_dl = DataLoader(val, batch_size=200)

model = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))
loss_fn = nn.CrossEntropyLoss()
epochs = 6
opt = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.01)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=0.01, total_steps=epochs * len(train_dl))

for ep in range(epochs):
    model.train()
    for xb, yb in train_dl:
        loss = loss_fn(model(xb), yb)
        loss.backward()
        opt.step()
        opt.zero_grad()
        sched.step()  # every batch, not every epoch!

    model.eval()
    correct = 0
    with torch.no_grad():
        for xb, yb in val_dl:
            correct += (model(xb).argmax(1) == yb).sum().item()
    print("epoch", ep, "val acc", correct / len(val), "lr", sched.get_last_lr()[0])
