import copy
import time

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def moons(n, seed):
    g = torch.Generator().manual_seed(seed)
    a = 3.1416 * torch.rand(n, generator=g)
    k = torch.randint(0, 2, (n,), generator=g)
    px = torch.where(k == 0, a.cos(), 1 - a.cos())
    py = torch.where(k == 0, a.sin(), 0.5 - a.sin())
    p = torch.stack([px, py], 1) + 0.25 * torch.randn(n, 2, generator=g)
    return TensorDataset(p, k)


dataloaders = {
    "train": DataLoader(moons(160, 1), batch_size=16, shuffle=True),
    "val": DataLoader(moons(120, 2), batch_size=16, shuffle=False),
}
test_loader = DataLoader(moons(800, 3), batch_size=200)
dataset_sizes = {k: len(v.dataset) for k, v in dataloaders.items()}


def train_model(model, criterion, optimizer, scheduler, num_epochs=12):
    since = time.time()
    best_state, best_acc = copy.deepcopy(model.state_dict()), 0.0

    for epoch in range(num_epochs):
        for phase in ["train", "val"]:
            model.train(phase == "train")
            running_loss, running_corrects = 0.0, 0

            for inputs, labels in dataloaders[phase]:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    outputs = model(inputs)
                    loss = criterion(outputs, labels)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                running_loss += loss.item() * inputs.size(0)
                running_corrects += (outputs.argmax(1) == labels).sum().item()
            if phase == "train":
                scheduler.step()

            epoch_loss = running_loss / dataset_sizes[phase]
            epoch_acc = running_corrects / dataset_sizes[phase]
            if epoch % 4 == 3:
                print(f"{epoch} {phase} loss {epoch_loss:.4f} acc {epoch_acc:.4f}")
            if phase == "val" and epoch_acc > best_acc:
                best_acc, best_state = epoch_acc, copy.deepcopy(model.state_dict())

    print(f"done, {time.time() - since > 0}, best val acc {best_acc:.4f}")
    model.load_state_dict(best_state)
    return model


torch.manual_seed(14)
model = nn.Sequential(nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=6, gamma=0.3)
model = train_model(model, nn.CrossEntropyLoss(), optimizer, scheduler)

model.eval()
with torch.no_grad():
    ok = sum((model(a).argmax(1) == b).sum().item() for a, b in test_loader)
print("test acc", ok / len(test_loader.dataset))
