import copy
import torch
import torch.nn as nn
import torch.optim as optim
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(42)
features = torch.randn(520, 20)
labels = ((features[:, 0] + features[:, 1] * features[:, 2] + 0.8 * torch.randn(520)) > 0).long()
pieces = {"train": slice(0, 300), "val": slice(300, 400), "test": slice(400, 520)}
datasets = {k: TensorDataset(features[s], labels[s]) for k, s in pieces.items()}
dataloaders = {k: DataLoader(d, batch_size=20, shuffle=(k == "train")) for k, d in datasets.items()}
dataset_sizes = {k: len(d) for k, d in datasets.items()}


def train_model(model, criterion, optimizer, scheduler, num_epochs=25):
    best_wts = copy.deepcopy(model.state_dict())
    best_acc = 0.0

    for epoch in range(num_epochs):
        for phase in ["train", "test"]:
            model.train(phase == "train")
            running_loss, running_corrects = 0.0, 0
            for inputs, targets in dataloaders[phase]:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    outputs = model(inputs)
                    loss = criterion(outputs, targets)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                running_loss += loss.item() * inputs.size(0)
                running_corrects += (outputs.argmax(1) == targets).sum().item()
            if phase == "train":
                scheduler.step()
            epoch_loss = running_loss / dataset_sizes[phase]
            epoch_acc = running_corrects / dataset_sizes[phase]
            if epoch % 5 == 0:
                print(f"{epoch} {phase} loss {epoch_loss:.4f} acc {epoch_acc:.4f}")
            if phase != "train" and epoch_acc > best_acc:
                best_acc = epoch_acc
                best_wts = copy.deepcopy(model.state_dict())

    model.load_state_dict(best_wts)
    return model


def test_model(model):
    model.eval()
    with torch.no_grad():
        hits = sum((model(x).argmax(1) == t).sum().item() for x, t in dataloaders["test"])
    return hits / dataset_sizes["test"]


net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 2))
opt = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
net = train_model(net, nn.CrossEntropyLoss(), opt, lr_scheduler.StepLR(opt, step_size=10, gamma=0.1))
print(f"final test accuracy {test_model(net):.4f}")
