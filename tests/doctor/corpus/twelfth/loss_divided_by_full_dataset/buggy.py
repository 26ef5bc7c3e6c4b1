import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.sampler import SubsetRandomSampler

torch.manual_seed(10)
np.random.seed(10)

valid_size = 0.2
batch_size = 20

# synthetic data: 3 classes in 14 dimensions
num = 1000
labels = torch.randint(0, 3, (num,))
data = torch.randn(num, 14)
data[torch.arange(num), labels] += 2.0
train_data = TensorDataset(data, labels)

# obtain training indices that will be used for validation
indices = list(range(num))
np.random.shuffle(indices)
split = int(np.floor(valid_size * num))
train_idx, valid_idx = indices[split:], indices[:split]
train_sampler = SubsetRandomSampler(train_idx)
valid_sampler = SubsetRandomSampler(valid_idx)
train_loader = DataLoader(train_data, batch_size=batch_size, sampler=train_sampler)
valid_loader = DataLoader(train_data, batch_size=batch_size, sampler=valid_sampler)

model = nn.Sequential(nn.Linear(14, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 3))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

for epoch in range(8):
    train_loss = 0.0
    valid_loss = 0.0

    model.train()  # prep model for training
    for x, t in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), t)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * x.size(0)

    model.eval()  # prep model for evaluation
    with torch.no_grad():
        for x, t in valid_loader:
            valid_loss += criterion(model(x), t).item() * x.size(0)

    # calculate average loss over an epoch
    train_loss = train_loss / len(train_loader.dataset)
    valid_loss = valid_loss / len(valid_loader.dataset)
    print(f"Epoch: {epoch + 1}\tTraining Loss: {train_loss:.6f}\tValidation Loss: {valid_loss:.6f}")
