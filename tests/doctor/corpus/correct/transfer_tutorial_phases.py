import copy
import time
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def train_model(model, criterion, optimizer, scheduler, loaders, num_epochs=4):
    since = time.time()
    best_wts, best_acc = copy.deepcopy(model.state_dict()), 0.0
    for epoch in range(num_epochs):
        for phase in ["train", "val"]:
            model.train() if phase == "train" else model.eval()
            running_loss, running_corrects = 0.0, 0
            for inputs, labels in loaders[phase]:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    outputs = model(inputs)
                    _, preds = torch.max(outputs, 1)
                    loss = criterion(outputs, labels)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                running_loss += loss.item() * inputs.size(0)
                running_corrects += torch.sum(preds == labels.data)
            if phase == "train":
                scheduler.step()
            n = len(loaders[phase].dataset)
            epoch_loss, epoch_acc = running_loss / n, running_corrects.double() / n
            print(f"{phase} Loss: {epoch_loss:.4f} Acc: {epoch_acc:.4f}")
            if phase == "val" and epoch_acc > best_acc:
                best_acc = epoch_acc
                best_wts = copy.deepcopy(model.state_dict())
    print(f"done in {time.time() - since:.0f}s, best {best_acc:4f}")
    model.load_state_dict(best_wts)
    return model


torch.manual_seed(0)
x = torch.randn(300, 8)
y = (x[:, :2].sum(1) > 0).long()
loaders = {"train": DataLoader(TensorDataset(x[:240], y[:240]), 24, shuffle=True), "val": DataLoader(TensorDataset(x[240:], y[240:]), 24)}
net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
train_model(net, nn.CrossEntropyLoss(), opt, torch.optim.lr_scheduler.StepLR(opt, 2, 0.5), loaders)
