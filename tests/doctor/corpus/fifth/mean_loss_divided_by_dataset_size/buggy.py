import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(9)
signals = torch.randn(1000, 1, 32)
kind = (torch.rand(1000) > 0.5).long()
signals[kind == 1, 0, 8:14] += 1.0
parts = {"train": slice(0, 800), "val": slice(800, 1000)}
loaders = {
    k: DataLoader(TensorDataset(signals[s], kind[s]), batch_size=48, shuffle=(k == "train"))
    for k, s in parts.items()
}

model = nn.Sequential(
    nn.Conv1d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2),
    nn.Conv1d(8, 16, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool1d(4),
    nn.Flatten(), nn.Linear(64, 2),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

history = {"train": [], "val": []}
for epoch in range(5):
    for phase in ("train", "val"):
        model.train(phase == "train")
        running_loss, running_hits = 0.0, 0
        for inputs, labels in loaders[phase]:
            optimizer.zero_grad()
            with torch.set_grad_enabled(phase == "train"):
                outputs = model(inputs)
                loss = criterion(outputs, labels)
                if phase == "train":
                    loss.backward()
                    optimizer.step()
            running_loss += loss.item()
            running_hits += (outputs.argmax(1) == labels).sum().item()
        n = len(loaders[phase].dataset)
        history[phase].append(running_loss / n)
        print(f"{phase} loss: {running_loss / n:.4f} acc: {running_hits / n:.4f}")
